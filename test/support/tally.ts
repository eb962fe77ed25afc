import type { Reporter, TestModule } from 'vitest/node';

/**
 * Ends the run with `N passed, N failed` (`, N skipped` may follow) alone on its line. What did not even load counts as
 * failed, and so does every error outside a test; a run without any test is a failure too. What passed only when tried
 * again is named before that.
 */
export default class Tally implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0 };
    const again: string[] = [];
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      if (tests.length === 0 && module.state() === 'failed') count.failed += 1;
      for (const test of tests) {
        const { state } = test.result();
        if (test.diagnostic()?.flaky === true) again.push(`${module.relativeModuleId}: ${test.fullName}`);
        if (state === 'passed') count.passed += 1;
        else if (state === 'failed') count.failed += 1;
        else count.skipped += 1;
      }
    }
    if (count.passed + count.failed === 0) {
      process.exitCode = 1;
      process.stdout.write('no test was run\n');
    }
    if (count.failed > 0) process.exitCode = 1;
    for (const name of again) process.stdout.write(`passed only when tried again: ${name}\n`);
    process.stdout.write(
      `${count.passed} passed, ${count.failed} failed${count.skipped > 0 ? `, ${count.skipped} skipped` : ''}\n`,
    );
  }
}
