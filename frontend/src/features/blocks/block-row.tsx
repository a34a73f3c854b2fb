import { GlobalOutlined, UserOutlined } from '@ant-design/icons';
import { App, Button } from 'antd';
import { useEffect, useEffectEvent, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useMutation } from 'urql';
import { graphql } from '../../graphql/schema';
import { Code } from '../../ui/code';
import { headingOnceGone, useConfirm } from '../../ui/confirm';
import { deadlineOf, formatSeconds, useSecondsLeft } from '../../ui/countdown';
import { formatDateTime } from '../../ui/relative-time';
import { Row } from '../../ui/row';
import { useTellFailure } from '../../ui/tell-failure';

const ClearBlock = graphql(`
  mutation ClearBlock($input: ClearBlockInput!) {
    clearBlock(input: $input)
  }
`);

interface Block {
  id: string;
  kind: 'ACCOUNT_AND_NETWORK' | 'NETWORK' | 'ACCOUNT';
  account: string | null;
  network: string | null;
  attempts: number;
  until: string;
}

interface BlockRowProps {
  block: Block;
  /** The wait is over. */
  onOver: () => void;
}

export function BlockRow({ block, onOver }: BlockRowProps) {
  const { t } = useTranslation();
  const { kind, account, network, attempts, until } = block;
  const deadline = useMemo(() => deadlineOf(until), [until]);
  const secondsLeft = useSecondsLeft(deadline);
  const over = useEffectEvent(onOver);
  const isOver = secondsLeft === 0;
  useEffect(() => {
    if (isOver) over();
  }, [isOver]);
  return (
    <Row
      icon={kind === 'NETWORK' ? <GlobalOutlined /> : <UserOutlined />}
      title={account ?? (network ? <Code>{network}</Code> : t('blocks.unknownAccount'))}
      actions={<Clear block={block} />}
    >
      <span>{t(`blocks.kind.${kind}`)}</span>
      {account && network && <Code>{network}</Code>}
      <span>{t('blocks.attempts', { count: attempts })}</span>
      {secondsLeft !== undefined && (
        <time dateTime={until} title={formatDateTime(until)} aria-live="off">
          {t('blocks.left', { time: formatSeconds(secondsLeft) })}
        </time>
      )}
    </Row>
  );
}

function Clear({ block: { id, account, network } }: { block: Block }) {
  const { t } = useTranslation();
  const confirm = useConfirm();
  const { message } = App.useApp();
  const tellFailure = useTellFailure();
  const [, clearBlock] = useMutation(ClearBlock);
  const subject = account ?? network ?? t('blocks.unknownAccount');

  async function clear() {
    const { error } = await clearBlock({ input: { blockId: id } });
    if (error) tellFailure(error);
    else message.success(t('blocks.cleared', { subject }));
  }

  return (
    <Button
      size="small"
      aria-label={t('blocks.clearOf', { subject })}
      onClick={({ currentTarget }) =>
        confirm({
          title: t('blocks.clearQuestion', { subject }),
          content: t('blocks.clearText'),
          okText: t('blocks.clear'),
          onOk: clear,
          afterClose: headingOnceGone(currentTarget),
        })
      }
    >
      {t('blocks.clear')}
    </Button>
  );
}
