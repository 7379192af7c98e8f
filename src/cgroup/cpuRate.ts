/** Shorter spans than this make no rate: kernel accounting is only exact to some milliseconds. */
const SPAN_MIN_MS = 500;

/** CPU time used per time, from readings of a counter. */
export class CpuRate {
  /** Of the reading that the next is measured against; NaN: there is none. */
  #atMs = Number.NaN;
  #cpuSeconds = Number.NaN;
  #cores: number | undefined;

  /** Between the last two readings that were far enough apart; undefined before there are two. */
  get cores(): number | undefined {
    return this.#cores;
  }

  /** A reading; undefined: none is to be had, and the rate stays as it was. */
  note(atMs: number, cpuSeconds: number | undefined): void {
    if (cpuSeconds === undefined) return;
    if (!Number.isNaN(this.#atMs)) {
      const spanMs = atMs - this.#atMs;
      if (spanMs < SPAN_MIN_MS) return;
      this.#cores = ((cpuSeconds - this.#cpuSeconds) * 1000) / spanMs;
    }
    this.#atMs = atMs;
    this.#cpuSeconds = cpuSeconds;
  }

  /** What comes next is not to be measured against what was. */
  forget(): void {
    this.#atMs = Number.NaN;
    this.#cores = undefined;
  }
}
