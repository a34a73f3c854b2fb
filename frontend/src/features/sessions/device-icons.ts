import { DesktopOutlined, GlobalOutlined, MobileOutlined, RobotOutlined } from '@ant-design/icons';
import type { ComponentType } from 'react';
import type { DeviceKind } from '../../graphql/schema';

export const deviceIcons: Record<DeviceKind, ComponentType> = {
  DESKTOP: DesktopOutlined,
  MOBILE: MobileOutlined,
  BOT: RobotOutlined,
  OTHER: GlobalOutlined,
};
