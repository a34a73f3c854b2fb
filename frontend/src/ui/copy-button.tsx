import { CheckOutlined, CopyOutlined } from '@ant-design/icons';
import { App, Button } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { copyText } from '../clipboard';

interface CopyButtonProps {
  text: string;
  label: string;
  small?: boolean;
}

/** Copies a text, and says whether it could. */
export function CopyButton({ text, label, small }: CopyButtonProps) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const [copied, setCopied] = useState(false);

  async function copy() {
    const done = await copyText(text);
    setCopied(done);
    if (done) message.success(t('actions.copied'));
    else message.error(t('actions.notCopied'));
  }

  return (
    <Button
      size={small ? 'small' : undefined}
      icon={copied ? <CheckOutlined aria-hidden /> : <CopyOutlined aria-hidden />}
      onClick={copy}
    >
      {label}
    </Button>
  );
}
