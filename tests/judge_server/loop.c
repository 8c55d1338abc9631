/* loop.c - one epoll loop: listeners, connections, timers. Replies that are ready leave after all requests
** of a round were read, so that what is counted as in flight is what clients have outstanding. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "server.h"

enum { ROUND = 512, READ_ONCE = 64 * 1024, KEEP_BYTES = 256 * 1024 };

uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- timers: a binary heap by the time that is due ---- */

static void heap_put(Server *s, size_t i, Exchange *x) {
  s->heap[i] = x;
  x->slot = i + 1;
}

static void heap_up(Server *s, size_t i, Exchange *x) {
  for (; i > 0 && s->heap[(i - 1) / 2]->due > x->due; i = (i - 1) / 2) heap_put(s, i, s->heap[(i - 1) / 2]);
  heap_put(s, i, x);
}

static void heap_down(Server *s, size_t i, Exchange *x) {
  for (size_t child; (child = 2 * i + 1) < s->nheap; i = child) {
    if (child + 1 < s->nheap && s->heap[child + 1]->due < s->heap[child]->due) child++;
    if (s->heap[child]->due >= x->due) break;
    heap_put(s, i, s->heap[child]);
  }
  heap_put(s, i, x);
}

static void heap_remove(Server *s, Exchange *x) {
  if (x->slot == 0) return;
  size_t i = x->slot - 1;
  Exchange *last = s->heap[--s->nheap];
  x->slot = 0;
  if (last == x) return;
  if (i > 0 && s->heap[(i - 1) / 2]->due > last->due) heap_up(s, i, last);
  else heap_down(s, i, last);
}

static void heap_add(Server *s, Exchange *x) {
  if (s->nheap == s->heap_cap) {
    s->heap_cap = s->heap_cap ? s->heap_cap * 2 : 256;
    s->heap = realloc(s->heap, s->heap_cap * sizeof *s->heap);
    if (s->heap == NULL) abort();
  }
  heap_up(s, s->nheap++, x);
}

/* ---- exchanges ---- */

Exchange *exchange_new(Server *s, Conn *c, int32_t stream) {
  Exchange *x = s->spare;
  if (x != NULL) s->spare = x->next;
  else if ((x = calloc(1, sizeof *x)) == NULL) abort();
  Reply kept = x->reply;
  *x = (Exchange){ .conn = c, .stream = stream };
  x->reply = (Reply){ .status = 200, .head = kept.head, .body = kept.body };
  x->reply.head.len = x->reply.body.len = 0;
  if (++s->stats.in_flight > s->stats.max_in_flight) s->stats.max_in_flight = s->stats.in_flight;
  return x;
}

static void trim(Buf *b) {
  b->len = 0;
  if (b->cap > KEEP_BYTES) buf_free(b);
}

void exchange_end(Server *s, Exchange *x) {
  heap_remove(s, x);
  x->conn = NULL;
  trim(&x->reply.body);
  trim(&x->reply.head);
  s->stats.in_flight--;
  x->next = s->spare;
  s->spare = x;
}

void exchange_later(Server *s, Exchange *x, int phase, uint64_t delay_ns) {
  x->phase = phase;
  if (delay_ns == 0) {
    x->next = NULL;
    *s->ready_tail = x;
    s->ready_tail = &x->next;
    return;
  }
  x->due = now_ns() + delay_ns;
  heap_add(s, x);
}

static void exchange_due(Server *s, Exchange *x) {
  if (x->conn == NULL || x->conn->dead) {   /* its connection went while it waited in the list of the ready */
    exchange_end(s, x);
    return;
  }
  if (x->conn->h2 != NULL) http2_due(x->conn, x);
  else http1_due(x->conn, x);
}

static void run_ready(Server *s) {
  while (s->ready != NULL) {
    Exchange *x = s->ready;
    s->ready = x->next;
    if (s->ready == NULL) s->ready_tail = &s->ready;
    exchange_due(s, x);
  }
}

/* ---- connections ---- */

static void watch(Conn *c, uint32_t events) {
  if (c->events == events) return;
  struct epoll_event e = { .events = events, .data.ptr = c };
  epoll_ctl(c->server->epoll, c->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, c->fd, &e);
  c->events = events;
}

static int in_ready(const Server *s, const Exchange *x) {
  for (const Exchange *r = s->ready; r != NULL; r = r->next)
    if (r == x) return 1;
  return 0;
}

void exchange_drop(Server *s, Exchange *x) {
  if (in_ready(s, x)) x->conn = NULL;
  else exchange_end(s, x);
}

static void conn_drop(Conn *c) {
  if (c->dead) return;
  Server *s = c->server;
  c->dead = true;
  if (c->h2 != NULL) http2_close(c);
  if (c->busy != NULL) exchange_drop(s, c->busy);
  c->busy = NULL;
  if (c->ssl != NULL) SSL_free(c->ssl);
  c->ssl = NULL;
  close(c->fd);
  if (c->prev != NULL) c->prev->next = c->next;
  else s->conns = c->next;
  if (c->next != NULL) c->next->prev = c->prev;
  s->stats.connections--;
  c->next = s->graveyard;   /* events of this round may still name it */
  s->graveyard = c;
}

void conn_close(Conn *c) {
  if (c->dead) return;
  if (c->ssl != NULL && c->shaken) SSL_shutdown(c->ssl);
  conn_drop(c);
}

void conn_reset(Conn *c) {
  if (c->dead) return;
  struct linger now = { 1, 0 };
  setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  if (c->ssl != NULL) SSL_set_quiet_shutdown(c->ssl, 1);
  conn_drop(c);
}

static void bury(Server *s) {
  while (s->graveyard != NULL) {
    Conn *c = s->graveyard;
    s->graveyard = c->next;
    buf_free(&c->in);
    buf_free(&c->out);
    buf_free(&c->chunks);
    free(c);
  }
}

static ssize_t conn_write(Conn *c, const char *p, size_t n) {
  if (c->ssl == NULL) return send(c->fd, p, n, MSG_NOSIGNAL);
  int got = SSL_write(c->ssl, p, n > 1 << 30 ? 1 << 30 : (int)n);
  if (got > 0) return got;
  int why = SSL_get_error(c->ssl, got);
  errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? EAGAIN : EPIPE;
  return -1;
}

void conn_flush(Conn *c) {
  if (c->dead || !c->shaken) return;
  while (c->out_at < c->out.len) {
    ssize_t n = conn_write(c, c->out.ptr + c->out_at, c->out.len - c->out_at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      watch(c, EPOLLIN | EPOLLOUT);
      return;
    }
    if (n <= 0) {
      conn_drop(c);
      return;
    }
    c->out_at += (size_t)n;
  }
  c->out_at = 0;
  trim(&c->out);
  if (c->close_when_sent) conn_close(c);
  else watch(c, EPOLLIN);
}

/* Reads what is there. 1 if something came, 0 if not, -1 at the end. */
static int conn_fill(Conn *c) {
  int came = 0;
  if (c->in_at == c->in.len) trim(&c->in);
  else if (c->in_at > 0) memmove(c->in.ptr, c->in.ptr + c->in_at, c->in.len -= c->in_at);
  c->in_at = 0;
  for (;;) {
    if (buf_reserve(&c->in, READ_ONCE) != 0) return -1;
    ssize_t n;
    if (c->ssl == NULL) n = recv(c->fd, c->in.ptr + c->in.len, READ_ONCE, 0);
    else {
      ERR_clear_error();
      n = SSL_read(c->ssl, c->in.ptr + c->in.len, READ_ONCE);
      if (n <= 0) {
        int why = SSL_get_error(c->ssl, (int)n);
        if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return came;
        return -1;
      }
    }
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? came : -1;
    if (n == 0) return -1;
    c->in.len += (size_t)n;
    came = 1;
    if (c->ssl == NULL && n < READ_ONCE) return came;
  }
}

static int shake(Conn *c) {
  ERR_clear_error();
  int got = SSL_accept(c->ssl);
  if (got == 1) {
    const unsigned char *name = NULL;
    unsigned len = 0;
    SSL_get0_alpn_selected(c->ssl, &name, &len);
    c->shaken = true;
    if (len == 2 && memcmp(name, "h2", 2) == 0) return http2_open(c);
    return 0;
  }
  int why = SSL_get_error(c->ssl, got);
  if (why == SSL_ERROR_WANT_WRITE) watch(c, EPOLLIN | EPOLLOUT);
  return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 1 : -1;
}

static void conn_readable(Conn *c) {
  if (!c->shaken) {
    int state = shake(c);
    if (state < 0) conn_drop(c);
    if (state != 0) return;
    watch(c, EPOLLIN);
  }
  int came = conn_fill(c);
  if (c->in.len > c->in_at) {
    if (c->h2 == NULL && c->ssl == NULL && http2_built() && !c->server->no_h2) {
      int wanted = http2_wanted(span_of(c->in.ptr + c->in_at, c->in.len - c->in_at));
      if (wanted < 0 && came >= 0) return;
      if (wanted > 0 && http2_open(c) != 0) came = -1;
    }
    if (c->h2 != NULL) http2_read(c);
    else http1_read(c);
  }
  if (came < 0 && !c->dead) {
    /* A client that only shut its side down might still read, but none of ours does: it is gone. */
    conn_drop(c);
  }
}

static void conn_event(Conn *c, uint32_t events) {
  if (c->dead) return;
  if (events & EPOLLOUT) {
    if (c->shaken) {
      conn_flush(c);
      if (!c->dead && c->h2 != NULL && c->out.len == 0) http2_read(c);   /* more of its frames may leave now */
    }
  }
  if (!c->dead && events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP)) conn_readable(c);
  else if (!c->dead && !c->shaken) conn_readable(c);
}

static void accept_one(Server *s, Listener *l, int fd) {
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  Conn *c = calloc(1, sizeof *c);
  if (c == NULL) abort();
  *c = (Conn){ .kind = LOOP_CONN, .fd = fd, .shaken = l->ctx == NULL, .server = s, .next = s->conns };
  if (l->ctx != NULL) {
    c->ssl = SSL_new(l->ctx);
    if (c->ssl == NULL) abort();
    SSL_set_fd(c->ssl, fd);
    SSL_set_accept_state(c->ssl);
  }
  if (s->conns != NULL) s->conns->prev = c;
  s->conns = c;
  s->stats.accepted++;
  if (++s->stats.connections > s->stats.max_connections) s->stats.max_connections = s->stats.connections;
  watch(c, EPOLLIN);
}

static void accept_all(Server *s, Listener *l) {
  for (;;) {
    int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    if (s->connection_limit > 0 && s->stats.connections >= (uint32_t)s->connection_limit) {
      struct linger now = { 1, 0 };
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
      close(fd);
      s->stats.refused_connections++;
      continue;
    }
    accept_one(s, l, fd);
  }
}

/* ---- the loop ---- */

static int listen_on(Server *s, Listener *l, int port) {
  struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  socklen_t size = sizeof at;
  int one = 1;
  l->kind = LOOP_LISTENER;
  l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (l->fd < 0) return -1;
  setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(l->fd, (struct sockaddr *)&at, size) != 0 || listen(l->fd, 1024) != 0 ||
      getsockname(l->fd, (struct sockaddr *)&at, &size) != 0) {
    close(l->fd);
    l->fd = -1;
    return -1;
  }
  l->port = ntohs(at.sin_port);
  struct epoll_event e = { .events = EPOLLIN, .data.ptr = l };
  return epoll_ctl(s->epoll, EPOLL_CTL_ADD, l->fd, &e);
}

static void listeners_close(Server *s) {
  for (size_t i = 0; i < 1 + CERT_KINDS; i++) {
    if (s->listener[i].fd >= 0) close(s->listener[i].fd);
    s->listener[i].fd = -1;
  }
}

static void listeners_back(Server *s) {
  s->back_at = 0;
  for (size_t i = 0; i < 1 + CERT_KINDS; i++)
    if (listen_on(s, &s->listener[i], s->listener[i].port) != 0) perror("judge_server: port lost at restart");
}

void loop_restart(Server *s, uint32_t away_ms) {
  listeners_close(s);
  while (s->conns != NULL) conn_reset(s->conns);
  s->back_at = now_ns() + (uint64_t)away_ms * 1000000u + 1;
}

int loop_open(Server *s) {
  s->ready_tail = &s->ready;
  s->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (s->epoll < 0) return -1;
  for (size_t i = 0; i < 1 + CERT_KINDS; i++)
    if (listen_on(s, &s->listener[i], i == 0 ? s->port_wanted : 0) != 0) return -1;
  s->stdin_kind = LOOP_STDIN;
  struct epoll_event e = { .events = EPOLLIN, .data.ptr = &s->stdin_kind };
  epoll_ctl(s->epoll, EPOLL_CTL_ADD, 0, &e);   /* refused for a file or /dev/null: then the lifetime ends it */
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, NULL);
  s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
  s->signal_kind = LOOP_SIGNAL;
  e.data.ptr = &s->signal_kind;
  return epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->signal_fd, &e);
}

static void handle(Server *s, struct epoll_event *e) {
  char byte[512];
  switch (*(int *)e->data.ptr) {
    case LOOP_LISTENER: {
      Listener *l = e->data.ptr;
      if (l->fd >= 0) accept_all(s, l);
      break;
    }
    case LOOP_CONN: conn_event(e->data.ptr, e->events); break;
    case LOOP_STDIN: if (read(0, byte, sizeof byte) <= 0) s->end = true; break;
    default: s->end = true;
  }
}

static int wait_ms(const Server *s, uint64_t until) {
  uint64_t now = now_ns();
  if (s->nheap > 0 && s->heap[0]->due < until) until = s->heap[0]->due;
  if (s->back_at != 0 && s->back_at < until) until = s->back_at;
  return until <= now ? 0 : (int)((until - now + 999999) / 1000000);
}

void loop_run(Server *s) {
  struct epoll_event event[ROUND];
  const uint64_t until = now_ns() + (uint64_t)s->lifetime_s * 1000000000u;
  while (!s->end && now_ns() < until) {
    int n = epoll_wait(s->epoll, event, ROUND, wait_ms(s, until));
    for (int i = 0; i < n; i++) handle(s, &event[i]);
    run_ready(s);
    for (uint64_t now = now_ns(); s->nheap > 0 && s->heap[0]->due <= now;) {
      Exchange *x = s->heap[0];
      heap_remove(s, x);
      exchange_due(s, x);
      run_ready(s);
    }
    if (s->back_at != 0 && now_ns() >= s->back_at) listeners_back(s);
    bury(s);
  }
}

void loop_close(Server *s) {
  listeners_close(s);
  while (s->conns != NULL) conn_reset(s->conns);
  run_ready(s);
  bury(s);
  for (Exchange *x = s->spare, *next; x != NULL; x = next) {
    next = x->next;
    buf_free(&x->reply.head);
    buf_free(&x->reply.body);
    free(x);
  }
  free(s->heap);
  close(s->signal_fd);
  close(s->epoll);
}
