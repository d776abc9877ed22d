"""Clocks that jump, and tokens that are judged by them."""

import collections
import time

from .client import Client

# Seconds by which all clocks jump, and those of one program alone.
JUMPS = [-7200, -3600, -600, -90, 90, 600, 3600, 7200]
STRAYS = [-3600, -300, -60, 60, 300, 3600]
# Of the scheduler alone less: it calls each job that it takes for due again and again.
SCHEDULER_STRAYS = [-300, -60, 60, 300]
# How far from this machine's clock the others get.
BACK, AHEAD = -3 * 3600, 6 * 3600
# Beyond the furthest that any clock has been: what was put off by a wrong one comes as well.
MORE = 900
# How far clocks may be apart for a token, and how long a question may take.
LEEWAY, DOUBT = 30, 10


class TimeFaults:
    def __init__(self, platform, problems):
        self.platform = platform
        self.clocks = platform.clocks
        self.problems = problems
        # All clocks' but for those that stray.
        self.shift = 0
        self.verdicts = collections.Counter()

    def jump(self, chance):
        """The machine's clock is set, and stays so until the next time."""
        after = min(max(self.shift + chance.choice(JUMPS), BACK), AHEAD)
        user, instance = "clock", chance.choice(self.platform.instances("api"))
        now = int(time.time()) + self.shift
        tokens = {
            "old and good for long": (now - 2 * 86400, now + 30 * 86400),
            "good for two minutes": (now - 3600, now + 120),
            "issued just now": (now, now + 30 * 86400),
        }
        tokens = {name: (issued, expires, self.platform.token(user, iat=issued, exp=expires))
                  for name, (issued, expires) in tokens.items()}
        self.shift = after
        self.clocks.set(after)
        now = time.time() + after
        for name, (issued, expires, token) in tokens.items():
            if min(abs(issued - LEEWAY - now), abs(expires + LEEWAY - now)) > DOUBT:
                wanted = "token_early" if now < issued - LEEWAY else "token_expired" if now > expires + LEEWAY else "good"
                self.judge(instance, user, name, token, wanted)

    def judge(self, instance, user, name, token, wanted):
        """A token by the clock that the service has now."""
        try:
            answer = Client(self.platform.url(instance), user, token, timeout=3)("GET", "tasks?limit=1")
        except Exception:  # noqa: BLE001  it was killed a moment ago, or has no database
            return
        if answer.status >= 500:
            return
        verdict = "good" if answer.status == 200 else answer.json["type"].rpartition(":")[2]
        self.verdicts[verdict] += 1
        if verdict != wanted:
            self.problems.append(f"after a jump of the clock a token ({name}) is {verdict} instead of {wanted}")

    def stray(self, chance):
        """One program's clock is wrong, and is right again after some seconds."""
        names = [name for name in self.clocks.names if name != "postgresql" or self.platform.postgres]
        name = chance.choice(names)
        self.clocks.set(self.shift + chance.choice(SCHEDULER_STRAYS if name == "local-dapr" else STRAYS), name)
        time.sleep(chance.uniform(0.5, 2.5))
        self.clocks.set(self.shift, name)

    def end(self):
        """All clocks where the furthest has been, and more: whatever was to come by any of them comes now."""
        self.shift = self.clocks.highest + MORE
        self.clocks.set(self.shift)
