// Every page of the portal on a phone: what axe finds in light and dark, whether it scrolls sideways, what the policy refuses.
import { everyPage } from './portal_browser.mjs';

everyPage({ width: 390, height: 844 });
