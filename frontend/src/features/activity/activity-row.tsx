import { QuestionOutlined } from '@ant-design/icons';
import { Tag } from 'antd';
import type { Ref } from 'react';
import { useTranslation } from 'react-i18next';
import { Code } from '../../ui/code';
import { RelativeTime } from '../../ui/relative-time';
import { Row } from '../../ui/row';
import type { ActivityEvent } from './activity-fields';
import { describeDetails, type LabelOf } from './describe-details';
import { alarming, eventIcons } from './event-icons';

interface ActivityRowProps {
  event: ActivityEvent;
  labelOf: LabelOf;
  /** Also what leads to the platform's log. */
  forAdmin: boolean;
  ref: Ref<HTMLLIElement>;
}

export function ActivityRow({ event, labelOf, forAdmin, ref }: ActivityRowProps) {
  const { t } = useTranslation();
  const { kind, actor, occurredAt, device, ip, requestId } = event;
  // A kind that is newer than this console.
  const Icon = eventIcons[kind] ?? QuestionOutlined;
  const byItself = actor === 'SELF' || actor === 'ANONYMOUS';
  return (
    <Row
      ref={ref}
      icon={<Icon />}
      tone={alarming.has(kind) ? 'warning' : undefined}
      title={
        <>
          {t(`activity.kind.${kind}`, { defaultValue: kind })}
          {!byItself && <Tag>{t(`activity.actor.${actor}`)}</Tag>}
        </>
      }
    >
      {describeDetails(event, t, labelOf).map((phrase, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two may be the same, and none of them ever moves.
        <span key={index}>{phrase}</span>
      ))}
      <RelativeTime value={occurredAt} />
      {device?.label && <span title={device.userAgent}>{device.label}</span>}
      {ip && <Code>{ip}</Code>}
      {forAdmin && requestId && (
        <span>
          {t('activity.request')} <Code>{requestId}</Code>
        </span>
      )}
    </Row>
  );
}
