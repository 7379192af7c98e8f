import { readRuleFile } from '../unit/metrics/rules.ts';

/**
 * The rules of hublet, as texts of files, but for two things that nobody waits for in a test: an alert fires when it has lasted
 * for a second, and rules are evaluated as often as is scraped. Expressions and thresholds are as they are.
 */
export function hurriedRules(): readonly string[] {
  return ['recording.yml', 'alerts.yml'].map((file) => {
    const groups = readRuleFile(file).groups.map(({ name, rules }) => ({
      name,
      rules: rules.map((rule) => ('for' in rule ? { ...rule, for: '1s' } : rule)),
    }));
    // JSON is YAML too.
    return JSON.stringify({ groups });
  });
}
