const MOMENT = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|z|[+-]\d\d:\d\d)?)?$/;

/**
 * Wall time in milliseconds since 1970 of an RFC 3339 moment, or of a local date (`2027-01-31`, `2027-01-31 18:00`) in the zone of this machine.
 *
 * Undefined: not a moment, such as the 30th of February.
 */
export function parseMomentMs(text: string): number | undefined {
  const match = MOMENT.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  if (year < 1970 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const millisecond = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const zone = match[8];
  // biome-ignore lint/style/noRestrictedGlobals: the calendar and the zone of the machine, not its clock.
  const Calendar = Date;
  if (zone === undefined) return new Calendar(year, month - 1, day, hour, minute, second, millisecond).getTime();
  const utcMs = Calendar.UTC(year, month - 1, day, hour, minute, second, millisecond);
  return zone.toUpperCase() === 'Z' ? utcMs : utcMs - offsetMs(zone);
}

function daysIn(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function offsetMs(zone: string): number {
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}
