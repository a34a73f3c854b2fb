import { Tag } from 'antd';
import { useTranslation } from 'react-i18next';
import type { Role, UserStatus } from '../../graphql/schema';

const statusColors: Record<UserStatus, string> = {
  ACTIVE: 'success',
  SUSPENDED: 'warning',
  DEACTIVATED: 'default',
};

export function StatusTag({ status }: { status: UserStatus }) {
  const { t } = useTranslation();
  return <Tag color={statusColors[status]}>{t(`users.status.${status}`)}</Tag>;
}

export function RoleTag({ role }: { role: Role }) {
  const { t } = useTranslation();
  return <Tag color={role === 'ADMIN' ? 'processing' : 'default'}>{t(`users.role.${role}`)}</Tag>;
}
