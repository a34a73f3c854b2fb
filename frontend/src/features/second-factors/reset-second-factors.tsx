import { App, Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../../graphql/schema';
import { headingOnceGone, useConfirm } from '../../ui/confirm';
import { useTellFailure } from '../../ui/tell-failure';
import { SecondFactorFields } from './second-factor-fields';

const ResetSecondFactorsMutation = graphql(
  `
    mutation ResetSecondFactors($input: ResetSecondFactorsInput!) {
      resetSecondFactors(input: $input) {
        id
        secondFactors {
          ...SecondFactorFields
        }
      }
    }
  `,
  [SecondFactorFields],
);

/** For administrators: helps somebody who has lost all of them. */
export function ResetSecondFactors({ userId, name }: { userId: string; name: string }) {
  const { t } = useTranslation();
  const confirm = useConfirm();
  const { message } = App.useApp();
  const tellFailure = useTellFailure();
  const [, resetSecondFactors] = useMutation(ResetSecondFactorsMutation);

  async function reset() {
    const { error } = await resetSecondFactors({ input: { userId } });
    if (error) tellFailure(error);
    else message.success(t('twoStep.wasReset', { name }));
  }

  return (
    <Button
      danger
      onClick={({ currentTarget }) =>
        confirm({
          title: t('twoStep.resetQuestion', { name }),
          content: t('twoStep.resetText'),
          okText: t('twoStep.reset'),
          onOk: reset,
          afterClose: headingOnceGone(currentTarget),
        })
      }
    >
      {t('twoStep.reset')}
    </Button>
  );
}
