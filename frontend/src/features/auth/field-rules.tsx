import type { FormRule } from 'antd';
import type { ReactElement } from 'react';
import { Said } from '../../ui/said';
import { charactersOf, passwordLength } from './password-rules';

// What can be said before the server is asked; it checks everything again, and the strength of a password only there.

const required = <Said say={(t) => t('errors.rule.REQUIRED')} />;
const tooShort = <Said say={(t) => t('errors.rule.TOO_SHORT')} />;
const tooLong = <Said say={(t) => t('errors.rule.TOO_LONG')} />;
const malformed = <Said say={(t) => t('errors.rule.MALFORMED')} />;

/**
 * For what nobody wants to hear while still typing. Not on leaving the field either: that would take away what the
 * server has said about it.
 */
const onceSent = { validateTrigger: 'onSubmit' };

export const requiredRule: FormRule = { required: true, message: required };

export const nameRules: FormRule[] = [
  { required: true, whitespace: true, message: required },
  { max: 80, message: tooLong },
];

export const emailRules: FormRule[] = [requiredRule, { type: 'email', message: malformed, ...onceSent }];

export const newPasswordRules: FormRule[] = [
  requiredRule,
  counted((count) => count === 0 || count >= passwordLength.min, tooShort),
  counted((count) => count <= passwordLength.max, tooLong),
];

function counted(isMet: (count: number) => boolean, message: ReactElement): FormRule {
  return {
    validator: async (_, password = '') => {
      if (!isMet(charactersOf(password))) throw new Error();
    },
    message,
    ...onceSent,
  };
}
