// The tokens of the portal, as themes of Fluent: pages name tokens and never a colour.
import { createDarkTheme, createLightTheme, type BrandVariants, type Theme } from '@fluentui/react-components';

const brand: BrandVariants = {
  10: '#060B1A', 20: '#0F1B3B', 30: '#142A63', 40: '#183581', 50: '#1D409B', 60: '#2349A3', 70: '#2751B4', 80: '#2B59C3',
  90: '#3A66D1', 100: '#5C84E8', 110: '#8AACFF', 120: '#A9C2FF', 130: '#BFD0FB', 140: '#D3DFFB', 150: '#E1E9FB', 160: '#EDF2FC',
};

const shared = {
  fontFamilyBase: '"Segoe UI Variable", "Segoe UI", Inter, system-ui, sans-serif',
  fontFamilyMonospace: '"Cascadia Mono", "Cascadia Code", "JetBrains Mono", ui-monospace, Menlo, Consolas, monospace',
  borderRadiusMedium: '6px',
};

const light = {
  ...createLightTheme(brand), ...shared,
  colorNeutralBackground1: '#FFFFFF', colorNeutralBackground3: '#F7F8F9',
  colorNeutralForeground1: '#1B1F24', colorNeutralForeground2: '#464E58', colorNeutralForeground3: '#5D6671', colorNeutralForeground4: '#5D6671',
  colorNeutralStroke1: '#858D98', colorNeutralStroke2: '#E2E5E9', colorNeutralStrokeAccessible: '#858D98',
  colorBrandForeground1: '#2B59C3', colorBrandForegroundLink: '#2B59C3', colorBrandForegroundLinkHover: '#2349A3',
  colorStrokeFocus2: '#2B59C3',
  raised: '#FFFFFF', sunken: '#F2F4F6', hover: '#F4F6F8', accent: '#2B59C3', accentFill: '#2B59C3', accentBg: '#EDF2FC', accentLine: '#C3D2F3',
  critical: '#A8123E', criticalFill: '#B81446', criticalBg: '#FBEAEF', high: '#AD3D08', highFill: '#D0560F', medium: '#7A5700', mediumFill: '#B58300',
  low: '#4A6076', lowFill: '#6E879E', negligible: '#5D6671', negligibleFill: '#8B939D', unknown: '#464E58', unknownFill: '#858D98',
  good: '#0E6B3D', goodFill: '#1F8A52', warn: '#5C4400', warnBg: '#FFF8E3', warnLine: '#E3C878',
  cardShadow: '0 1px 2px rgba(20,26,34,.06)', paneShadow: '-8px 0 32px rgba(20,26,34,.14)', scheme: 'light',
};

const dark: typeof light = {
  ...createDarkTheme(brand), ...shared,
  colorNeutralBackground1: '#17191D', colorNeutralBackground3: '#0F1113',
  colorNeutralForeground1: '#ECEEF1', colorNeutralForeground2: '#B8BFC9', colorNeutralForeground3: '#98A0AC', colorNeutralForeground4: '#98A0AC',
  colorNeutralStroke1: '#747D89', colorNeutralStroke2: '#2A2E35', colorNeutralStrokeAccessible: '#747D89',
  colorBrandForeground1: '#8AACFF', colorBrandForegroundLink: '#8AACFF', colorBrandForegroundLinkHover: '#A9C2FF',
  colorBrandBackground: '#3A66D1', colorBrandBackgroundHover: '#4774DD', colorBrandBackgroundPressed: '#2B59C3',
  colorStrokeFocus2: '#8AACFF',
  raised: '#1C1F24', sunken: '#121417', hover: '#1D2025', accent: '#8AACFF', accentFill: '#3A66D1', accentBg: '#1A253D', accentLine: '#33487A',
  critical: '#FF8FA8', criticalFill: '#E5486F', criticalBg: '#3A1722', high: '#FF9F68', highFill: '#E8763A', medium: '#E6BB4D', mediumFill: '#CF9F2B',
  low: '#A9BDD1', lowFill: '#7E97AF', negligible: '#A2AAB5', negligibleFill: '#7D8692', unknown: '#B8BFC9', unknownFill: '#8B94A0',
  good: '#6CCB96', goodFill: '#3FA36C', warn: '#F0D48A', warnBg: '#2A2210', warnLine: '#6B561E',
  cardShadow: 'none', paneShadow: '-12px 0 40px rgba(0,0,0,.55)', scheme: 'dark',
};

export type Choice = 'light' | 'dark' | 'system';
export const themes: Record<'light' | 'dark', Theme> = { light: light as Theme, dark: dark as Theme };

// Cookies, so that a choice is there before anything is drawn.
const read = (name: string): string => new RegExp(`(?:^|; )${name}=(\\w+)(?:;|$)`).exec(document.cookie)?.[1] ?? '';
function keep(name: string, value: string): void {
  document.cookie = `${name}=${value}; Path=/portal/; Max-Age=${value ? 31536000 : 0}; SameSite=Strict`;
}
export function themeChoice(): Choice {
  const at = read('plimsoll_theme');
  return at === 'light' || at === 'dark' ? at : 'system';
}
export const keepTheme = (choice: Choice): void => keep('plimsoll_theme', choice === 'system' ? '' : choice);
/** Keys without Ctrl or Alt do something ("/" and "?"); speech input may set them off, so they can be switched off. */
export const keysAreOn = (): boolean => read('plimsoll_keys') !== 'off';
export const keepKeys = (on: boolean): void => keep('plimsoll_keys', on ? '' : 'off');
