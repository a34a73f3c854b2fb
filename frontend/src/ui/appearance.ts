import { useSyncExternalStore } from 'react';
import { recall, remember } from '../remembered';

export const appearances = ['system', 'light', 'dark'] as const;
export type Appearance = (typeof appearances)[number];

// public/theme.js reads the same key before the first paint.
const storageKey = 'theme';
const prefersDark = matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();

function chosen(): Appearance {
  const stored = recall(storageKey);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

function isDark(): boolean {
  return chosen() === 'system' ? prefersDark.matches : chosen() === 'dark';
}

function apply() {
  document.documentElement.dataset.theme = isDark() ? 'dark' : 'light';
  for (const listener of listeners) listener();
}

prefersDark.addEventListener('change', apply);
// Another tab's choice.
window.addEventListener('storage', apply);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function chooseAppearance(appearance: Appearance): void {
  remember(storageKey, appearance === 'system' ? null : appearance);
  apply();
}

export const useAppearance = () => useSyncExternalStore(subscribe, chosen);

export const useDark = () => useSyncExternalStore(subscribe, isDark);
