import { describe } from 'vitest';
import { testSettings } from '../systemd/settings.ts';
import { testUnits } from '../systemd/units.ts';

describe('units of the newest systemd', () => testUnits('newest'));
describe('settings of the newest systemd', () => testSettings('newest'));
