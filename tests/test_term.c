/* tests/test_term.c - keys from bytes, and a terminal that is given back whatever happens. */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>   /* login_tty */

#include "check.h"
#include "term/keys.h"
#include "term/term.h"

/* ---- keys ---- */

static int is_key(const char *bytes, size_t n, const char *name, size_t used) {
  Key key;
  char out[KEY_NAME];
  if (key_decode((const unsigned char *)bytes, n, 1, &key) != used) return 0;
  key_name(&key, out);
  return strcmp(out, name) == 0;
}

#define IS(bytes, name) CHECK(is_key(bytes, sizeof bytes - 1, name, sizeof bytes - 1))

static void sequences_of_xterm_linux_and_screen_are_keys(void) {
  IS("\033[A", "up"); IS("\033OB", "down"); IS("\033[1;5C", "right"); IS("\033[D", "left");
  IS("\033[H", "home"); IS("\033[1~", "home"); IS("\033[7~", "home"); IS("\033[4~", "end"); IS("\033OF", "end");
  IS("\033[5~", "page-up"); IS("\033[6~", "page-down"); IS("\033[3~", "delete"); IS("\033[2~", "insert");
  IS("\033OP", "f1"); IS("\033[15~", "f5"); IS("\033[24~", "f12"); IS("\033[Z", "backtab");
  IS("\033", "escape"); IS("\033x", "alt-x"); IS("\r", "enter"); IS("\n", "enter"); IS("\t", "tab");
  IS("\177", "backspace"); IS("\b", "backspace"); IS("\003", "ctrl-c"); IS("\032", "ctrl-z"); IS("4", "4");
  IS("\303\251", "\303\251"); IS("\360\237\230\200", "\360\237\230\200"); IS("\033\303\251", "alt-\303\251");
}

static void unknown_sequences_are_swallowed_whole(void) {
  IS("\033[200~", ""); IS("\033[99;99;99y", ""); IS("\033[<0;10;20M", ""); IS("\033[?1;2c", ""); IS("\033[[A", "");
  IS("\000", ""); IS("\377", ""); IS("\300", "");
  CHECK(is_key("\355\240\200", 3, "", 3));      /* a surrogate */
  CHECK(is_key("\340\200\200", 3, "", 3));      /* overlong */
  CHECK(is_key("\303x", 2, "", 1));             /* cut off: x is a key of its own */
  CHECK(is_key("\033[1\003", 4, "", 3));
}

static void a_beginning_waits_for_its_rest(void) {
  static const char *const BEGINNINGS[] = { "\033", "\033[", "\033[1", "\033[1;5", "\033O", "\303", "\360\237", "\033\303",
                                            "\033[[" };
  for (size_t i = 0; i < sizeof BEGINNINGS / sizeof *BEGINNINGS; i++) {
    Key key;
    size_t n = strlen(BEGINNINGS[i]);
    CHECK(key_decode((const unsigned char *)BEGINNINGS[i], n, 0, &key) == 0);
    CHECK(key_decode((const unsigned char *)BEGINNINGS[i], n, 1, &key) > 0);
  }
}

static void a_sequence_without_an_end_is_let_go(void) {
  for (size_t n = 3; n < 70; n++) {   /* in memory of that size, so that a sanitizer sees a byte behind it */
    unsigned char *bytes = malloc(n);
    memset(bytes, '1', n);
    memcpy(bytes, "\033[", 2);
    Key key;
    size_t used = key_decode(bytes, n, 0, &key);
    CHECK(used <= n && (used == 0) == (n < 32) && key.code == KEY_NONE);
    free(bytes);
  }
}

static void any_bytes_are_used_up(void) {
  unsigned state = 7;
  for (int round = 0; round < 20000; round++) {
    unsigned char bytes[40];
    size_t n = 0, at = 0, steps = 0;
    for (; n < sizeof bytes; n++) {
      state = state * 1103515245u + 12345u;
      unsigned r = state >> 16;
      bytes[n] = r % 4 == 0 ? 0x1B : r % 4 == 1 ? '[' : (unsigned char)(r >> 2);
    }
    while (at < n && steps++ <= n) {
      Key key;
      char name[KEY_NAME];
      size_t used = key_decode(bytes + at, n - at, 1, &key);
      CHECK(used > 0 && used <= n - at);
      if (used == 0) return;
      CHECK(key_name(&key, name) < KEY_NAME);
      at += used;
    }
    CHECK(at == n);
  }
}

/* ---- the terminal ---- */

typedef struct Child { int fd, slave; pid_t pid; char out[65536]; size_t n; } Child;

/* body runs on a pty of 90 by 30 as its controlling terminal; its return value is the exit status. */
static Child start(int (*body)(void)) {
  Child c = { 0 };
  struct winsize size = { .ws_col = 90, .ws_row = 30 };
  if (openpty(&c.fd, &c.slave, NULL, NULL, &size) != 0) abort();
  c.pid = fork();
  if (c.pid == 0) {
    close(c.fd);
    login_tty(c.slave);
    _exit(body());
  }
  return c;
}

/* Reads until text is there, or 5 s have passed. */
static int expect(Child *c, const char *text) {
  for (int i = 0; i < 100; i++) {
    if (memmem(c->out, c->n, text, strlen(text)) != NULL) return 1;
    struct pollfd fd = { c->fd, POLLIN, 0 };
    if (poll(&fd, 1, 50) != 1) continue;
    ssize_t n = read(c->fd, c->out + c->n, sizeof c->out - c->n);
    if (n > 0) c->n += (size_t)n;
  }
  return 0;
}

static int is_raw(const Child *c) {
  struct termios t;
  return tcgetattr(c->slave, &t) == 0 && !(t.c_lflag & (ICANON | ECHO | ISIG));
}

/* Exit status, or 128 + signal. */
static int finish(Child *c) {
  int status = 0;
  waitpid(c->pid, &status, 0);
  close(c->fd);
  close(c->slave);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Says each event by name, until q or the end. */
static int echo_events(void) {
  Error err;
  Term *t = term_open(0, 1, &err);
  if (t == NULL) return 9;
  if (term_open(0, 1, &err) != NULL) return 8;
  term_write(t, span_str("<ready>"));
  for (;;) {
    Key key;
    char name[KEY_NAME];
    int columns, rows;
    TermEvent e = term_key(t, -1, &key);
    if (e == TERM_RESIZED) {
      term_size(t, &columns, &rows);
      char text[32];
      snprintf(text, sizeof text, "<%dx%d>", columns, rows);
      term_write(t, span_str(text));
      continue;
    }
    if (e != TERM_KEY) {
      term_close(t);
      return e == TERM_SIGNALLED ? 40 : 41;
    }
    key_name(&key, name);
    if (strcmp(name, "ctrl-z") == 0) term_suspend(t);
    term_write(t, span_str("<"));
    term_write(t, span_str(name));
    term_write(t, span_str(">"));
    if (strcmp(name, "q") == 0) break;
    if (strcmp(name, "x") == 0) abort();
  }
  term_close(t);
  return 0;
}

static void say(Child *c, const char *bytes) { CHECK(write(c->fd, bytes, strlen(bytes)) > 0); }

static void keys_arrive_one_by_one_and_the_terminal_comes_back(void) {
  Child c = start(echo_events);
  CHECK(expect(&c, "<ready>"));
  CHECK(is_raw(&c));
  CHECK(expect(&c, "\033[?1049h"));
  say(&c, "4\033[A\003");
  CHECK(expect(&c, "<4><up><ctrl-c>"));
  say(&c, "\033");
  CHECK(expect(&c, "<escape>"));   /* alone, after a moment */
  say(&c, "q");
  CHECK(expect(&c, "\033[?1049l"));
  CHECK(finish(&c) == 0);
}

static void a_new_size_is_an_event(void) {
  Child c = start(echo_events);
  CHECK(expect(&c, "<ready>"));
  struct winsize size = { .ws_col = 132, .ws_row = 50 };
  CHECK(ioctl(c.fd, TIOCSWINSZ, &size) == 0);
  CHECK(expect(&c, "<132x50>"));
  say(&c, "q");
  CHECK(finish(&c) == 0);
}

static void signals_that_kill_give_it_back_first(void) {
  static const int KILLERS[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGSEGV };
  for (size_t i = 0; i < sizeof KILLERS / sizeof *KILLERS; i++) {
    Child c = start(echo_events);
    CHECK(expect(&c, "<ready>"));
    CHECK(is_raw(&c));
    kill(c.pid, KILLERS[i]);
    CHECK(expect(&c, "\033[?1049l"));
    int status = 0;
    waitpid(c.pid, &status, 0);
    CHECK(!is_raw(&c));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)   /* they take SIGSEGV for themselves */
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == KILLERS[i]);
#endif
    close(c.fd);
    close(c.slave);
  }
}

static void an_abort_gives_it_back(void) {
  Child c = start(echo_events);
  CHECK(expect(&c, "<ready>"));
  say(&c, "x");
  CHECK(expect(&c, "\033[?1049l"));
  int status = 0;
  waitpid(c.pid, &status, 0);
  CHECK(!is_raw(&c));
  close(c.fd);
  close(c.slave);
}

static void note(int sig) { (void)sig; }

static int with_handler(void) {
  struct sigaction a = { .sa_handler = note };
  sigaction(SIGTERM, &a, NULL);
  return echo_events();
}

static void a_handler_that_goes_on_is_called_and_the_form_ends(void) {
  Child c = start(with_handler);
  CHECK(expect(&c, "<ready>"));
  kill(c.pid, SIGTERM);
  CHECK(expect(&c, "\033[?1049l"));
  CHECK(finish(&c) == 40);
}

/* A shell in little: runs the echo as a job of its own, which alone can be stopped, and has it go on. */
static int as_a_job(void) {
  signal(SIGTTOU, SIG_IGN);
  pid_t job = fork();
  if (job == 0) {
    setpgid(0, 0);
    tcsetpgrp(0, getpid());
    signal(SIGTTOU, SIG_DFL);
    _exit(echo_events());
  }
  int status = 0;
  if (waitpid(job, &status, WUNTRACED) != job || !WIFSTOPPED(status)) return 50;
  struct termios t;
  if (tcgetattr(0, &t) != 0 || !(t.c_lflag & ICANON)) return 51;
  kill(job, SIGCONT);
  if (waitpid(job, &status, WUNTRACED) != job) return 52;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 53;
}

static void a_stop_gives_it_back_and_going_on_takes_it_again(void) {
  Child c = start(as_a_job);
  CHECK(expect(&c, "<ready>"));
  CHECK(is_raw(&c));
  say(&c, "\032");
  CHECK(expect(&c, "\033[?1049l"));
  CHECK(expect(&c, "<90x30>"));
  CHECK(is_raw(&c));
  say(&c, "q");
  CHECK(expect(&c, "<q>"));
  CHECK(finish(&c) == 0);
}

static void what_is_no_terminal_is_refused(void) {
  int fd[2];
  Error err;
  CHECK(pipe(fd) == 0);
  CHECK(term_open(fd[0], fd[1], &err) == NULL);
  CHECK(strstr(err.text, "must be a terminal") != NULL);
  close(fd[0]);
  close(fd[1]);
}

int main(void) {
  RUN(sequences_of_xterm_linux_and_screen_are_keys);
  RUN(unknown_sequences_are_swallowed_whole);
  RUN(a_beginning_waits_for_its_rest);
  RUN(a_sequence_without_an_end_is_let_go);
  RUN(any_bytes_are_used_up);
  RUN(keys_arrive_one_by_one_and_the_terminal_comes_back);
  RUN(a_new_size_is_an_event);
  RUN(signals_that_kill_give_it_back_first);
  RUN(an_abort_gives_it_back);
  RUN(a_handler_that_goes_on_is_called_and_the_form_ends);
  RUN(a_stop_gives_it_back_and_going_on_takes_it_again);
  RUN(what_is_no_terminal_is_refused);
  return check_done();
}
