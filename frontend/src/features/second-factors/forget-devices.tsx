import { App, Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../../graphql/schema';
import { headingOnceGone, useConfirm } from '../../ui/confirm';
import { useTellFailure } from '../../ui/tell-failure';

const ForgetRememberedDevices = graphql(`
  mutation ForgetRememberedDevices {
    forgetRememberedDevices
  }
`);

export function ForgetDevices() {
  const { t } = useTranslation();
  const confirm = useConfirm();
  const { message } = App.useApp();
  const tellFailure = useTellFailure();
  const [, forgetRememberedDevices] = useMutation(ForgetRememberedDevices);

  async function forget() {
    const { data, error } = await forgetRememberedDevices({});
    if (error) tellFailure(error);
    else message.success(t('rememberedDevices.forgotten', { count: data?.forgetRememberedDevices ?? 0 }));
  }

  return (
    <Button
      size="small"
      onClick={({ currentTarget }) =>
        confirm({
          title: t('rememberedDevices.forgetQuestion'),
          content: t('rememberedDevices.forgetText'),
          okText: t('rememberedDevices.forget'),
          onOk: forget,
          afterClose: headingOnceGone(currentTarget),
        })
      }
    >
      {t('rememberedDevices.forget')}
    </Button>
  );
}
