// Every page of the portal on a desk: what axe finds in light and dark, whether it scrolls sideways, what the policy refuses.
import { everyPage } from './portal_browser.mjs';

everyPage({ width: 1280, height: 800 });
