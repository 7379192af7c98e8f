import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boot, type Machine } from '../../machine/machine.ts';
import { projectDirectory } from '../../machine/places.ts';
import type { SystemdAge } from '../../machine/systemd.ts';

/** Tests of the D-Bus adapter on a real systemd of that age. */
export function testUnits(age: SystemdAge): void {
  /** What the adapter said of real units on a real systemd; made by systemd/observe.ts in the machine. */
  let seen: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  let machine: Machine;

  beforeAll(async () => {
    machine = await boot({ systemd: age });
    await machine.putEntries(projectDirectory, ['src', 'test/system/systemd', 'package.json'], '/opt/hublet');
    seen = JSON.parse(
      await machine.run('cd /opt/hublet && node test/system/systemd/observe.ts', { timeoutMs: 200_000 }),
    );
  });

  afterAll(() => machine?.kill());

  describe('a unit', () => {
    it('is read with process, cgroup, marks and live limits', () => {
      expect(seen.read).toMatchObject({
        activeState: 'active',
        invocationId: expect.stringMatching(/^[0-9a-f]{32}$/),
        controlGroup: '/hublet.slice/hublet-test.slice/hublet-read.service',
        marks: { server: 's', instance: 'i', hash: 'h' },
        live: { MemoryMax: '67108864n', CPUWeight: '18446744073709551615n', AllowedCPUs: [] },
      });
      expect(seen['expected control group']).toBe(seen.read?.controlGroup);
      expect(seen.read?.mainPid).toBeGreaterThan(1);
    });

    it('has limits changed while it runs', () => {
      expect(seen['live change']).toMatchObject({
        samePid: true,
        live: { MemoryMax: '104857600n', AllowedCPUs: [1, 0, 0, 0, 0, 0, 0, 0] },
      });
    });

    it('that is not loaded is undefined, before and after others asked about it', () => {
      expect(seen['not loaded']).toEqual({ read: 'undefined' });
      expect(seen['left of not loaded']).toBe('undefined');
    });

    it('never looks ended while it starts', () => {
      expect(seen['looked ended while starting']).toEqual([]);
    });

    it.each([
      ['exit 0', { loaded: false, result: 'success', execMainCode: 1, execMainStatus: 0 }],
      ['exit 3', { loaded: true, activeState: 'failed', result: 'exit-code', execMainCode: 1, execMainStatus: 3 }],
      ['start over failed', { loaded: true, activeState: 'active', result: 'success', execMainStatus: 0 }],
      ['missing program', { activeState: 'failed', result: 'exit-code', execMainStatus: 203 }],
      ['SIGKILL', { activeState: 'failed', result: 'signal', execMainCode: 2, execMainStatus: 9 }],
      ['out of memory', { activeState: 'failed', result: 'oom-kill', execMainStatus: 9 }],
      ['out of memory, continue', { activeState: 'failed', result: 'signal', execMainStatus: 9 }],
      ['killed after a needless start job', { activeState: 'failed', result: 'signal', execMainStatus: 9 }],
      ['killed after all that', { activeState: 'failed', result: 'signal', execMainStatus: 9 }],
    ])('ends as it does and by itself: %s', (what, expected) => {
      expect(seen[what]).toMatchObject(expected);
      expect(seen[what]).not.toHaveProperty('stopRequestedBy');
    });

    it.each([
      ['stopped by us', { loaded: false, result: 'success', stopRequestedBy: 'hublet' }],
      ['stopped while starting', { loaded: false, result: 'success', stopRequestedBy: 'hublet' }],
      ['killed after its grace', { activeState: 'failed', result: 'timeout', stopRequestedBy: 'hublet' }],
      ['stopped by somebody', { loaded: false, result: 'success', stopRequestedBy: 'other' }],
    ])('says who stopped it: %s', (what, expected) => {
      expect(seen[what]).toMatchObject(expected);
    });

    it('that somebody restarts is running and nobody stopped it', () => {
      expect(seen['restarted by somebody']).toMatchObject({ activeState: 'active', loaded: true });
      expect(seen['restarted by somebody']).not.toHaveProperty('stopRequestedBy');
    });

    it.each(['reload', 'reexec', 'bus killed'])('does not seem to end, nor to be another, through: %s', (what) => {
      expect(seen[what]).toEqual({ ended: [], same: true });
    });
  });

  describe('its system bus', () => {
    it('a listing without news is one call', () => {
      expect(seen['calls of an idle listing']).toMatchObject({ ListUnitsByPatterns: 1 });
      expect(seen['calls of an idle listing']).not.toHaveProperty('GetAll');
    });

    it('the connection is made twice: at the start and after dbus-daemon was killed', () => {
      expect(seen.reconnects).toBe(2);
    });

    it('nothing that is asked is refused by its policy', async () => {
      expect((await machine.exec('journalctl -b -o cat | grep "Rejected send message"')).stdout).toBe('');
    });
  });
}
