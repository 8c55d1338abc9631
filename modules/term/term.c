/* modules/term/term.c - see term.h.
** A signal handler can reach nothing but what has a fixed place, and may call little: so there is one
** static pointer to the open terminal, and giving back is tcsetattr and write, which it may call. The
** handler also writes into a pipe that term_key waits on, so that no signal is missed between a look
** and the wait. */
#include "term/term.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { KEYS = 256, ESCAPE_MS = 40 };

/* Alternate screen, cursor hidden, no wrapping at the edge; and back, colours off. */
#define ENTER "\033[?1049h\033[?25l\033[?7l\033[2J\033[H"
#define LEAVE "\033[0m\033[?7h\033[?25h\033[?1049l"

static const int SIGNALS[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH, SIGSEGV, SIGBUS, SIGFPE, SIGILL,
                               SIGABRT };
enum { NSIGNALS = sizeof SIGNALS / sizeof SIGNALS[0] };

struct Term {
  int in, out;
  int pipe[2];                  /* handler to term_key */
  struct termios before, raw;
  struct sigaction old[NSIGNALS];
  atomic_int taken;             /* 1 while in raw mode */
  atomic_int resized, ending;
  pid_t owner;
  size_t n;                     /* bytes of keys not yet decoded */
  unsigned char key[KEYS];
};

static _Atomic(Term *) open_term;

static void put(int fd, const char *text, size_t len) {
  while (len > 0) {
    ssize_t n = write(fd, text, len);
    if (n <= 0) return;
    text += n;
    len -= (size_t)n;
  }
}

/* Both may be called by a handler. */
static void give_back(Term *t) {
  if (atomic_exchange(&t->taken, 0) == 0) return;
  put(t->out, LEAVE, sizeof LEAVE - 1);
  tcsetattr(t->in, TCSANOW, &t->before);
}

static void take(Term *t) {
  if (atomic_exchange(&t->taken, 1) == 1) return;
  tcsetattr(t->in, TCSANOW, &t->raw);
  put(t->out, ENTER, sizeof ENTER - 1);
}

static void wake(Term *t) {
  char c = 0;
  ssize_t n = write(t->pipe[1], &c, 1);   /* full: it wakes anyway */
  (void)n;
}

/* Stops as the signal would have without us, and takes over again. */
static void stop(Term *t) {
  struct sigaction dfl = { .sa_handler = SIG_DFL }, ours;
  sigset_t set, old;
  give_back(t);
  sigemptyset(&dfl.sa_mask);
  sigaction(SIGTSTP, &dfl, &ours);
  sigemptyset(&set);
  sigaddset(&set, SIGTSTP);
  raise(SIGTSTP);
  sigprocmask(SIG_UNBLOCK, &set, &old);   /* here the process stands still */
  sigprocmask(SIG_SETMASK, &old, NULL);
  sigaction(SIGTSTP, &ours, NULL);
  take(t);
  atomic_store(&t->resized, 1);
  wake(t);
}

static void pass_on(Term *t, int i, siginfo_t *info, void *context) {
  const struct sigaction *old = &t->old[i];
  int sig = SIGNALS[i];
  if (old->sa_flags & SA_SIGINFO) old->sa_sigaction(sig, info, context);
  else if (old->sa_handler == SIG_DFL) {
    sigaction(sig, old, NULL);
    raise(sig);                 /* pending until this handler returns */
  } else if (old->sa_handler != SIG_IGN) old->sa_handler(sig);
}

static void on_signal(int sig, siginfo_t *info, void *context) {
  int error = errno;
  Term *t = atomic_load(&open_term);
  if (t == NULL || t->owner != getpid()) return;
  if (sig == SIGWINCH) {
    atomic_store(&t->resized, 1);
    wake(t);
  } else if (sig == SIGTSTP) {
    stop(t);
  } else {
    give_back(t);
    atomic_store(&t->ending, 1);
    wake(t);
    for (int i = 0; i < NSIGNALS; i++)
      if (SIGNALS[i] == sig) pass_on(t, i, info, context);
  }
  errno = error;
}

static void set_handlers(Term *t) {
  struct sigaction a = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
  sigfillset(&a.sa_mask);
  for (int i = 0; i < NSIGNALS; i++) {
    sigaction(SIGNALS[i], NULL, &t->old[i]);
    int ignored = !(t->old[i].sa_flags & SA_SIGINFO) && t->old[i].sa_handler == SIG_IGN;
    if (!ignored || SIGNALS[i] == SIGWINCH) sigaction(SIGNALS[i], &a, NULL);   /* nohup stays nohup */
  }
}

static int open_pipe(Term *t) {
  if (pipe2(t->pipe, O_NONBLOCK | O_CLOEXEC) != 0) {
    t->pipe[0] = t->pipe[1] = -1;
    return -1;
  }
  return 0;
}

static void free_term(Term *t) {
  if (t->pipe[0] >= 0) close(t->pipe[0]);
  if (t->pipe[1] >= 0) close(t->pipe[1]);
  free(t);
}

Term *term_open(int in, int out, Error *err) {
  Term *t = calloc(1, sizeof *t);
  if (t == NULL) {
    error_memory(err);
    return NULL;
  }
  *t = (Term){ .in = in, .out = out, .pipe = { -1, -1 }, .owner = getpid() };
  if (!isatty(in) || !isatty(out) || tcgetattr(in, &t->before) != 0) {
    error_set(err, "standard input and output must be a terminal");
  } else if (open_pipe(t) != 0) {
    error_errno(err, "cannot watch the terminal");
  } else {
    Term *none = NULL;
    t->raw = t->before;
    cfmakeraw(&t->raw);
    t->raw.c_cc[VMIN] = 1;
    t->raw.c_cc[VTIME] = 0;
    if (atomic_compare_exchange_strong(&open_term, &none, t)) {
      set_handlers(t);
      take(t);
      return t;
    }
    error_set(err, "the terminal is taken already");
  }
  free_term(t);
  return NULL;
}

void term_close(Term *t) {
  if (t == NULL) return;
  give_back(t);
  for (int i = 0; i < NSIGNALS; i++) sigaction(SIGNALS[i], &t->old[i], NULL);
  atomic_store(&open_term, NULL);
  free_term(t);
}

/* Takes a key from the bytes that are there. */
static int next_key(Term *t, int final, Key *key) {
  while (t->n > 0) {
    size_t used = key_decode(t->key, t->n, final, key);
    if (used == 0) return 0;
    t->n -= used;
    memmove(t->key, t->key + used, t->n);
    if (key->code != KEY_NONE) return 1;
  }
  return 0;
}

static void drain(int fd) {
  char c[64];
  while (read(fd, c, sizeof c) > 0) continue;
}

/* Waits for bytes. What happened, or TERM_KEY: there are more of them. */
static TermEvent wait_bytes(Term *t, int timeout_ms) {
  for (;;) {
    if (atomic_load(&t->ending)) return TERM_SIGNALLED;
    if (atomic_exchange(&t->resized, 0)) return TERM_RESIZED;
    struct pollfd fd[] = { { t->in, POLLIN, 0 }, { t->pipe[0], POLLIN, 0 } };
    int r = poll(fd, 2, timeout_ms);
    if (r < 0 && errno != EINTR) return TERM_GONE;
    if (r < 0) continue;
    if (fd[1].revents != 0) {
      drain(t->pipe[0]);
      continue;
    }
    if (r == 0) return TERM_TIMEOUT;
    ssize_t n = read(t->in, t->key + t->n, sizeof t->key - t->n);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n <= 0) return TERM_GONE;
    t->n += (size_t)n;
    return TERM_KEY;
  }
}

TermEvent term_key(Term *t, int timeout_ms, Key *key) {
  *key = (Key){ KEY_NONE, 0, 0 };
  for (;;) {
    if (atomic_load(&t->ending)) return TERM_SIGNALLED;
    if (next_key(t, t->n == sizeof t->key, key)) return TERM_KEY;
    int part = t->n > 0;   /* the beginning of a sequence: its rest comes at once, or never */
    TermEvent e = wait_bytes(t, part ? ESCAPE_MS : timeout_ms);
    if (e == TERM_TIMEOUT && part) {
      if (next_key(t, 1, key)) return TERM_KEY;
      continue;
    }
    if (e != TERM_KEY) return e;
  }
}

void term_size(const Term *t, int *columns, int *rows) {
  struct winsize w = { 0 };
  if (ioctl(t->out, TIOCGWINSZ, &w) != 0) w = (struct winsize){ 0 };
  *columns = w.ws_col > 0 ? w.ws_col : 80;
  *rows = w.ws_row > 0 ? w.ws_row : 24;
}

int term_write(Term *t, Span text) {
  while (text.len > 0) {
    ssize_t n = write(t->out, text.ptr, text.len);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    text.ptr += n;
    text.len -= (size_t)n;
  }
  return 0;
}

void term_suspend(Term *t) {
  raise(SIGTSTP);
  (void)t;
}
