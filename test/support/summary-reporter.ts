import type { Reporter, TestModule, TestRunEndReason } from 'vitest/node';

/** Ends the output with one line that a script can read: `N passed, N failed, N skipped`. */
export default class SummaryReporter implements Reporter {
  #line = '';

  /** Printed when the process ends: whatever the clean-up of the run has to say comes before it. */
  onInit(): void {
    process.once('exit', () => {
      if (this.#line) process.stdout.write(`${this.#line}\n`);
    });
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[], reason: TestRunEndReason): void {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state] += 1;
      // A file that could not be read, or whose hooks failed, has no failed test to show for it.
      if (module.errors().length > 0) count.failed += 1;
    }
    // What never got its turn has not passed.
    if (reason === 'interrupted') count.failed += count.pending;
    this.#line = `${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`;
  }
}
