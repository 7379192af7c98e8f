import { testUnits } from './systemd/units.ts';

testUnits('oldest');
