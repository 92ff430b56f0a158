"""What holds for every test, whoever starts them."""

import signal

# A shell that starts us in the background (a CI runner, `nohup`) has SIGINT ignored,
# and every program that a test starts and interrupts would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
