import { describe, expect, test } from 'vitest';
import { compileUnit } from '../../../src/units/compile.ts';
import { KeptPlan } from '../../../src/units/keptPlan.ts';
import { CONTEXT, makeServer } from './servers.ts';

describe('a plan that is kept', () => {
  const keptPlan = () => {
    let compilations = 0;
    const plan = new KeptPlan(() => {
      compilations += 1;
      return compileUnit(makeServer({ environment: { TOKEN: 's3cret' } }), CONTEXT);
    });
    return { plan, compilations: () => compilations };
  };

  test('says what the plan says, compiled once until it lets go', () => {
    const { plan, compilations } = keptPlan();
    const whole = compileUnit(makeServer({ environment: { TOKEN: 's3cret' } }), CONTEXT);

    expect({ ...plan, properties: plan.properties, environmentFile: plan.environmentFile }).toEqual(whole);
    expect(compilations()).toBe(1);
  });

  test('has what a start asks for compiled anew after it let go, and compares limits and marks without', () => {
    const { plan, compilations } = keptPlan();
    const before = plan.properties;

    plan.slim();
    expect([plan.unit, plan.live.length > 0, plan.hash]).toEqual([makeServer().unit, true, expect.any(String)]);
    expect(compilations()).toBe(1);

    expect(plan.properties).toEqual(before);
    expect(plan.environmentFile.text).toContain('TOKEN');
    expect(compilations()).toBe(2);
  });
});
