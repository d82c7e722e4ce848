"""SIT and UAT: suites, cases, runs, results, and the exit criteria that the gate out of SIT asks for."""
