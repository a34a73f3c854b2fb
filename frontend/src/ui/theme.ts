import { type ThemeConfig, theme } from 'antd';

const shared: ThemeConfig['token'] = {
  fontFamily: 'var(--font)',
  fontFamilyCode: 'var(--mono)',
  borderRadius: 8,
  controlHeight: 36,
  controlHeightSM: 28,
  // A button that works keeps the contrast of its text.
  opacityLoading: 0.9,
};

const flatButton = { primaryShadow: 'none', defaultShadow: 'none', dangerShadow: 'none' };

/** Jade on cool paper. Text on every ground keeps a contrast of 4.5 : 1 or more, secondary text too. */
export const light: ThemeConfig = {
  algorithm: theme.defaultAlgorithm,
  token: {
    ...shared,
    colorPrimary: '#0f6b5c',
    colorPrimaryBg: '#e4f2ee',
    colorPrimaryBgHover: '#d0e8e1',
    colorInfo: '#0f6b5c',
    colorLink: '#0f6b5c',
    colorInfoBg: '#e4f2ee',
    colorSuccess: '#236c34',
    colorSuccessBg: '#e6f4e8',
    colorWarning: '#8f5106',
    colorWarningBg: '#fdf1dd',
    colorWarningBorder: '#ecc98c',
    colorError: '#c0322b',
    colorText: '#17211e',
    colorTextSecondary: '#50605a',
    colorTextTertiary: '#5f6e69',
    colorTextDescription: '#50605a',
    colorTextPlaceholder: '#6b7974',
    colorBorder: '#c9d3ce',
    colorBorderSecondary: '#e2e8e4',
    colorBgLayout: '#f5f7f5',
  },
  components: { Button: flatButton },
};

export const dark: ThemeConfig = {
  algorithm: theme.darkAlgorithm,
  token: {
    ...shared,
    colorPrimary: '#55c4ae',
    colorPrimaryBg: '#15302a',
    colorPrimaryBgHover: '#1d4138',
    colorPrimaryHover: '#7ad6c4',
    colorPrimaryActive: '#3fae98',
    colorInfo: '#55c4ae',
    colorLink: '#6fd0bc',
    colorInfoBg: '#15302a',
    colorSuccess: '#7ccd90',
    colorSuccessBg: '#17301d',
    colorWarning: '#e3ad60',
    colorWarningBg: '#33260f',
    colorWarningBorder: '#5c4419',
    colorError: '#f58d86',
    colorText: '#e6edea',
    colorTextSecondary: '#a7b5b0',
    colorTextTertiary: '#94a39e',
    colorTextDescription: '#a7b5b0',
    colorTextPlaceholder: '#84938e',
    colorBorder: '#37423f',
    colorBorderSecondary: '#27302d',
    colorBgLayout: '#0e1312',
    colorBgContainer: '#151c1a',
    colorBgElevated: '#1c2522',
  },
  // Light jade carries dark lettering.
  components: { Button: { ...flatButton, primaryColor: '#06231d', dangerColor: '#2a0806' } },
};
