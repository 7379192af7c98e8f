import { testSettings } from './systemd/settings.ts';

testSettings('oldest');
