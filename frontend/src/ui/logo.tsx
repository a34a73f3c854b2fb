/** A gate with a smaller gate inside: the platform in front of the apps. */
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#0f6b5c" />
      <g fill="none" strokeWidth="3.2" strokeLinecap="round">
        <path d="M9 24V11.5A3.5 3.5 0 0 1 12.5 8H23" stroke="#fff" />
        <path d="M15.5 24v-4.5a3 3 0 0 1 3-3H21" stroke="#8fe0cd" />
      </g>
    </svg>
  );
}
