// What is done seldom, behind three dots.
import { Button, Menu, MenuItem, MenuList, MenuPopover, MenuTrigger } from '@fluentui/react-components';
import { MoreHorizontalRegular } from '@fluentui/react-icons';
import { s } from '../strings.ts';

export function More({ items }: { items: [string, () => void][] }) {
  return (
    <Menu>
      <MenuTrigger disableButtonEnhancement><Button icon={<MoreHorizontalRegular />} aria-label={s.remove.more} style={{ minWidth: 32 }} /></MenuTrigger>
      <MenuPopover><MenuList>{items.map(([name, run]) => <MenuItem key={name} onClick={run}>{name}</MenuItem>)}</MenuList></MenuPopover>
    </Menu>
  );
}
