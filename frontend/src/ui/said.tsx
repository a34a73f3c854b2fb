import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';

/** A text that goes with the language even where it is kept, as a form keeps what is wrong with its fields. */
export function Said({ say }: { say: (t: TFunction) => string }) {
  const { t } = useTranslation();
  return say(t);
}
