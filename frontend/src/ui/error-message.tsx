import type { FormInstance } from 'antd';
import type { TFunction } from 'i18next';
import type { ApiError, Violation } from '../graphql/api-error';
import { Said } from './said';

/** The error in the reader's language, by its code; the server's own English only where the code is new to this console. */
export function describeError({ code, message, retryAfterSeconds }: ApiError, t: TFunction): string {
  if (code === 'RATE_LIMITED' && retryAfterSeconds !== undefined) {
    const seconds = Math.ceil(retryAfterSeconds);
    return seconds < inMinutes
      ? t('errors.retryAfter', { count: seconds })
      : t('errors.retryAfterMinutes', { count: Math.ceil(seconds / 60) });
  }
  return t(`errors.code.${code}`, { defaultValue: message });
}

/** From how many seconds on a wait is told in minutes. */
const inMinutes = 120;

/** What is wrong with one field; the server's own English for a rule that is new to this console. */
function describeViolation({ rule, message }: Violation, t: TFunction): string {
  return t(`errors.rule.${rule}` as 'errors.rule.REQUIRED', { defaultValue: message });
}

/** Shows below each field what the server says is wrong with it, and moves the focus to the first of them. */
export function showFieldErrors<Values>(
  form: FormInstance<Values>,
  errors: Map<string, (t: TFunction) => string>,
): void {
  form.setFields(
    [...errors].map(([name, say]) => ({
      name: name as never,
      // A form shows any node, as it does for its rules, though its type wants strings here.
      errors: [<Said key={name} say={say} />] as unknown as string[],
    })),
  );
  const [first] = errors.keys();
  form.focusField(first as never);
}

/** Shows each violation below the field of the form that it is about; false when the form has no field for any of them. */
export function showViolations<Values>(form: FormInstance<Values>, error: ApiError): boolean {
  const fieldOf = ({ field }: Violation) => field.replace(/^input\./, '');
  const fields = new Set(
    error.violations.map(fieldOf).filter((name) => form.getFieldInstance(name as never)),
  );
  if (fields.size === 0) return false;
  const say = (name: string) => (t: TFunction) =>
    error.violations
      .filter((violation) => fieldOf(violation) === name)
      .map((violation) => describeViolation(violation, t))
      .join(' ');
  showFieldErrors(form, new Map([...fields].map((name) => [name, say(name)])));
  return true;
}
