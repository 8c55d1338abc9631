/* modules/http/http.c - see http.h: the client, its queue and its event loop. */
#include "http/http.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#ifdef HAVE_CURL
#include <stdio.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "core/pool.h"
#include "http/client.h"

enum { EVENTS = 128, BUFFER_LEAST = 1024, BUFFER_MOST = 512 * 1024 };
static const double LOOK_S = 0.2;   /* a wait ends so often, to look at the interrupt flag */

double http_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- what libcurl wants to know of ---- */

static int on_interest(CURL *easy, curl_socket_t fd, int what, void *arg, void *known) {
  Http *h = arg;
  (void)easy;
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(h->epoll, EPOLL_CTL_DEL, fd, NULL);   /* it may be closed already */
    return 0;
  }
  struct epoll_event ev = { .data.fd = fd };
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) ev.events |= EPOLLIN;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) ev.events |= EPOLLOUT;
  if (known != NULL && epoll_ctl(h->epoll, EPOLL_CTL_MOD, fd, &ev) == 0) return 0;
  if (epoll_ctl(h->epoll, EPOLL_CTL_ADD, fd, &ev) != 0 && epoll_ctl(h->epoll, EPOLL_CTL_MOD, fd, &ev) != 0) return -1;
  curl_multi_assign(h->multi, fd, h);
  return 0;
}

static int on_timer(CURLM *multi, long ms, void *arg) {
  Http *h = arg;
  (void)multi;
  h->timer_at = ms < 0 ? -1 : http_now() + (double)ms / 1000;
  return 0;
}

/* ---- opening ---- */

static int check_origin(Http *h, const HttpOptions *o, Error *err) {
  if (url_parse(&h->origin, span_str(o->origin), err) != 0) return -1;
  if (h->origin.scheme[4] != 's' && !o->plain_http)
    return error_set(err, "http:// is not encrypted: only an origin that the user's configuration names may be plain");
  AddressKind kind = url_host_kind(&h->origin);
  if (kind != ADDRESS_PUBLIC && !o->allow_private)
    return error_set(err, "the host %s is %s, and nothing in the user's configuration allows that", h->origin.host,
                     address_word(kind));
  if (memchr(h->origin.path.ptr, '?', h->origin.path.len) != NULL)
    return error_set(err, "the URL of an origin has no query (?…)");
  return 0;
}

static int set_base(Http *h, const HttpOptions *o, Error *err) {
  char origin[URL_ORIGIN];
  if (check_origin(h, o, err) != 0) return -1;
  url_origin(&h->origin, origin);
  size_t n = strlen(origin), prefix = h->origin.path.len;
  while (prefix > 0 && h->origin.path.ptr[prefix - 1] == '/') prefix--;
  h->base = malloc(n + prefix + 1);
  if (h->base == NULL) return error_memory(err);
  memcpy(h->base, origin, n);
  if (prefix > 0) memcpy(h->base + n, h->origin.path.ptr, prefix);
  h->base[n + prefix] = '\0';
  h->origin.path = span_of(h->base + n, prefix);
  return 0;
}

/* The password of a proxy is a secret, too. */
static int set_proxy(Http *h, const char *proxy, Error *err) {
  static const char *const schemes[] = { "http://", "https://", "socks5h://" };
  if (proxy == NULL) return 0;
  int known = 0;
  for (size_t i = 0; i < 3; i++) known |= strncmp(proxy, schemes[i], strlen(schemes[i])) == 0;
  for (const char *p = proxy; *p != '\0'; p++) known &= (unsigned char)*p > ' ' && (unsigned char)*p < 0x7f;
  if (!known) return error_set(err, "a proxy is a URL of http://, https:// or socks5h://");
  const char *at = strchr(proxy, '@'), *user = strstr(proxy, "://") + 3, *colon = strchr(user, ':');
  h->proxy = strdup(proxy);
  if (h->proxy == NULL) return error_memory(err);
  if (at == NULL || colon == NULL || colon > at) return 0;
  char *password = strndup(colon + 1, (size_t)(at - colon - 1));
  int bad = password == NULL || secret_needle(&h->secret, password, err) != 0;
  if (password != NULL) explicit_bzero(password, strlen(password));
  free(password);
  return bad ? -1 : 0;
}

static int copy_headers(HttpHeader **out, size_t *nout, const HttpHeader *header, size_t n, Error *err) {
  *out = calloc(n + 1, sizeof **out);
  if (*out == NULL) return error_memory(err);
  for (*nout = 0; *nout < n; (*nout)++) {
    if (header_check(&header[*nout], err) != 0) return -1;
    (*out)[*nout].name = strdup(header[*nout].name);
    (*out)[*nout].value = strdup(header[*nout].value);
    if ((*out)[*nout].name == NULL || (*out)[*nout].value == NULL) {
      (*nout)++;
      return error_memory(err);
    }
  }
  return 0;
}

static void free_headers(HttpHeader *header, size_t n) {
  for (size_t i = 0; header != NULL && i < n; i++) {
    free((char *)header[i].name);
    free((char *)header[i].value);
  }
  free(header);
}

/* The lines that end each request's list, and the names that a request may not set. */
static int set_tail(Http *h, const HttpOptions *o, Error *err) {
  static const char *const own[] = { "Accept-Encoding: identity", "Expect:" };
  static const char *const kept[] = { "accept-encoding", "expect", "host", "content-length", "transfer-encoding",
                                      "connection", "te", "upgrade", "proxy-authorization" };
  enum { OWN = 2, KEPT = 9 };
  HttpHeader fixed[KEPT + SECRET_NEEDLES];
  if (o->nsecrets > SECRET_NEEDLES / 4) return error_set(err, "at most %d secret headers", SECRET_NEEDLES / 4);
  h->tail = calloc(OWN + o->nsecrets, sizeof *h->tail);
  if (h->tail == NULL) return error_memory(err);
  for (size_t i = 0; i < OWN; i++) h->tail[i].data = (char *)own[i];
  for (size_t i = 0; i < KEPT; i++) fixed[i] = (HttpHeader){ kept[i], "" };
  for (size_t i = 0; i < o->nsecrets; i++) {
    fixed[KEPT + i] = (HttpHeader){ o->secret[i].name, "" };
    if (header_check(&fixed[KEPT + i], err) != 0) return -1;
    const char *line = secret_header(&h->secret, o->secret[i].name, o->secret[i].value, err);
    if (line == NULL) return -1;
    h->tail[OWN + i].data = (char *)line;
  }
  for (size_t i = 0; i + 1 < OWN + o->nsecrets; i++) h->tail[i].next = &h->tail[i + 1];
  if (copy_headers(&h->fixed, &h->nfixed, fixed, KEPT + o->nsecrets, err) != 0) return -1;
  for (size_t i = 0; i < h->nheaders; i++)
    for (size_t k = 0; k < h->nfixed; k++)
      if (header_same(h->header[i].name, h->fixed[k].name))
        return error_set(err, "the header %s is not one that can be set", h->header[i].name);
  return 0;
}

static int set_keep(Http *h, const HttpOptions *o, Error *err) {
  h->keep = calloc(o->nkeep + 1, sizeof *h->keep);
  if (h->keep == NULL) return error_memory(err);
  for (; h->nkeep < o->nkeep; h->nkeep++)
    if ((h->keep[h->nkeep] = strdup(o->keep[h->nkeep])) == NULL) return error_memory(err);
  return 0;
}

static int set_multi(Http *h, Error *err) {
  h->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (h->epoll < 0) return error_errno(err, "cannot make an event queue");
  h->multi = curl_multi_init();
  if (h->multi == NULL) return error_memory(err);
  curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_interest);
  curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, (void *)h);
  curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, (void *)h);
  curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
  curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)h->opt.pace.max);
  h->few = h->opt.http2 && h->trust != NULL && h->opt.http2_connections > 0;
  if (h->few) curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)h->opt.http2_connections);
  return 0;
}

static int open_all(Http *h, const HttpOptions *o, Error *err) {
  if (pace_init(&h->pace, &o->pace, http_now(), err) != 0) return -1;
  if (o->buffer_bytes > 0 && (o->buffer_bytes < BUFFER_LEAST || o->buffer_bytes > BUFFER_MOST))
    return error_set(err, "a receive buffer has %d to %d bytes", BUFFER_LEAST, BUFFER_MOST);
  if (secret_init(&h->secret, err) != 0 || set_base(h, o, err) != 0 || set_proxy(h, o->proxy, err) != 0) return -1;
  if (copy_headers(&h->header, &h->nheaders, o->header, o->nheaders, err) != 0) return -1;
  if (set_tail(h, o, err) != 0 || set_keep(h, o, err) != 0) return -1;
  if (h->origin.scheme[4] == 's' && trust_load(&h->trust, o->ca_file, err) != 0) return -1;
  return set_multi(h, err);
}

int http_open(Http **out, const HttpOptions *opt, Error *err) {
  *out = NULL;
  if (opt->nsecrets > 0 || opt->proxy != NULL) secret_guard_process();
  if (http_start(err) != 0) return -1;
  Http *h = calloc(1, sizeof *h);
  if (h == NULL) return error_memory(err);
  h->opt = *opt;
  h->epoll = -1;
  h->timer_at = -1;
  if (open_all(h, opt, err) != 0) {
    http_close(h);
    return -1;
  }
  *out = h;
  return 0;
}

static void free_replies(Http *h) {
  for (size_t i = 0; i < h->nreplies; i++) {
    Reply *r = &h->reply[i];
    request_free(r->request);
    buf_free(&r->body);
    buf_free(&r->heads);
    buf_free(&r->message);
    free(r->header);
  }
  h->nreplies = 0;
}

void http_close(Http *h) {
  if (h == NULL) return;
  while (h->flying != NULL) transfer_drop(h->flying);
  for (QueueItem *item; (item = queue_any(&h->queue)) != NULL;) request_free((Request *)(void *)item);
  queue_free(&h->queue);
  free_replies(h);
  free(h->reply);
  for (Transfer *t; (t = h->idle) != NULL;) {
    h->idle = t->next;
    transfer_free(t);
  }
  if (h->multi != NULL) curl_multi_cleanup(h->multi);
  if (h->epoll >= 0) close(h->epoll);
  if (h->trust != NULL) trust_free(h->trust);
  free_headers(h->header, h->nheaders);
  free_headers(h->fixed, h->nfixed);
  for (size_t i = 0; h->keep != NULL && i < h->nkeep; i++) free(h->keep[i]);
  free(h->keep);
  free(h->tail);
  free(h->base);
  if (h->proxy != NULL) explicit_bzero(h->proxy, strlen(h->proxy));
  free(h->proxy);
  secret_free(&h->secret);
  free(h);
}

/* ---- the queue ---- */

int http_submit(Http *h, const HttpRequest *r, Error *err) {
  RequestFrame frame = { h->base, h->header, h->nheaders, h->fixed, h->nfixed, h->tail };
  Request *request = request_new(r, &frame, err);
  if (request == NULL) return -1;
  request->item.due = http_now() + r->delay_s;
  if (request->max_reply_bytes == 0) request->max_reply_bytes = h->opt.max_reply_bytes;
  if (queue_add(&h->queue, &request->item) == 0) return 0;
  request_free(request);
  return error_memory(err);
}

static Reply *reply_of(const Http *h, int64_t id) {
  for (size_t i = 0; i < h->nreplies; i++)
    if (h->reply[i].pub.id == id && h->reply[i].request != NULL) return &h->reply[i];
  return NULL;
}

int http_requeue(Http *h, int64_t id, double delay_s) {
  Reply *r = reply_of(h, id);
  if (r == NULL) return -1;
  r->request->item.due = http_now() + delay_s;
  if (queue_add(&h->queue, &r->request->item) != 0) return -1;
  r->request = NULL;
  h->stats.repeated++;
  return 0;
}

/* Room for one reply more than there are, so that a finished transfer always has its place. */
static Reply *reply_room(Http *h) {
  if (h->nreplies == h->replies_cap) {
    size_t cap = h->replies_cap == 0 ? 64 : h->replies_cap * 2;
    Reply *reply = realloc(h->reply, cap * sizeof *reply);
    if (reply == NULL) return NULL;
    h->reply = reply;
    h->replies_cap = cap;
  }
  return &h->reply[h->nreplies];
}

static void not_started(Http *h, Request *r) {
  Reply *out = reply_room(h);
  if (out == NULL) {
    request_free(r);
    return;
  }
  *out = (Reply){ .request = r, .sent_at = http_now() };
  out->pub = (HttpReply){ .id = r->item.id, .fault = HTTP_MEMORY, .message = "not enough memory", .body = { "", 0 },
                          .sends = r->sends };
  h->nreplies++;
  h->stats.finished++;
}

/* Sends what may leave. Returns the seconds until another may, HUGE_VAL if only a reply can tell. */
static double send_due(Http *h, double now) {
  for (;;) {
    QueueItem *first = queue_first(&h->queue, now);
    if (first == NULL) return queue_due(&h->queue) - now;
    Request *r = (Request *)(void *)first;
    if (reply_room(h) == NULL) return LOOK_S;
    double wait = pace_admit(&h->pace, r->need, h->in_flight, now);
    if (wait > 0) return fmin(wait, fmax(queue_due(&h->queue) - now, 1e-3));
    queue_take(&h->queue);
    if (transfer_start(h, r, now, NULL) != 0) not_started(h, r);
    if ((size_t)h->in_flight > h->stats.peak_in_flight) h->stats.peak_in_flight = (size_t)h->in_flight;
  }
}

/* ---- the loop ---- */

static int let_through(const HttpReply *r) {
  return r->fault == HTTP_OK && (r->status < 400 || (r->status < 500 && r->status != 429));
}

/* A server that speaks HTTP/1 takes one request a connection at a time. */
static void allow_connections(Http *h, const HttpReply *r) {
  if (!h->few || r->http_version == 0 || r->http_version >= 20) return;
  curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS, 0L);
  h->few = 0;
}

static void collect(Http *h) {
  CURLMsg *m;
  for (int left; (m = curl_multi_info_read(h->multi, &left)) != NULL;) {
    if (m->msg != CURLMSG_DONE) continue;
    char *of = NULL;
    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &of);
    Transfer *t = (Transfer *)(void *)of;
    Reply *out = reply_room(h);
    if (out == NULL) {               /* the request is lost, and nobody can be told: the least that can be done */
      transfer_drop(t);
      continue;
    }
    int busy = h->in_flight;
    double now = http_now();
    transfer_finish(t, m->data.result, now, out);
    h->nreplies++;
    h->stats.finished++;
    allow_connections(h, &out->pub);
    if (let_through(&out->pub)) pace_accepted(&h->pace, busy, now);
  }
}

static void run_events(Http *h, double wait_s) {
  struct epoll_event ev[EVENTS];
  double now = http_now();
  if (h->timer_at >= 0) wait_s = fmin(wait_s, h->timer_at - now);
  int running, n = epoll_wait(h->epoll, ev, EVENTS, wait_s <= 0 ? 0 : (int)ceil(wait_s * 1000));
  for (int i = 0; i < n; i++) {
    int what = 0;
    if (ev[i].events & EPOLLIN) what |= CURL_CSELECT_IN;
    if (ev[i].events & EPOLLOUT) what |= CURL_CSELECT_OUT;
    if (ev[i].events & (EPOLLERR | EPOLLHUP)) what |= CURL_CSELECT_ERR;
    curl_multi_socket_action(h->multi, ev[i].data.fd, what, &running);
  }
  if (h->timer_at >= 0 && http_now() >= h->timer_at) {
    h->timer_at = -1;
    curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
  }
}

size_t http_poll(Http *h, double timeout_s) {
  free_replies(h);
  double until = http_now() + timeout_s;
  for (int first = 1;; first = 0) {
    double now = http_now(), wait = send_due(h, now);
    if (h->nreplies > 0 || interrupt_pending()) break;
    if (h->in_flight == 0 && queue_n(&h->queue) == 0) break;
    if (now >= until && !first) break;
    run_events(h, fmin(fmin(wait, until - now), LOOK_S));
    collect(h);
    transfers_slim(h);
    if (h->nreplies > 0) break;
  }
  return h->nreplies;
}

const HttpReply *http_reply(const Http *h, size_t i) { return i < h->nreplies ? &h->reply[i].pub : NULL; }

/* ---- limits and figures ---- */

void http_limit(Http *h, PaceBucket which, double rate, double burst, double level) {
  pace_limit(&h->pace, which, rate, burst, level, http_now());
}

void http_credit(Http *h, PaceBucket which, double tokens) { pace_credit(&h->pace, which, tokens, http_now()); }

void http_refused(Http *h, int64_t id, double seconds) {
  double now = http_now();
  const Reply *found = NULL;
  for (size_t i = 0; i < h->nreplies && found == NULL; i++)
    if (h->reply[i].pub.id == id) found = &h->reply[i];
  pace_refused(&h->pace, seconds, found != NULL ? found->sent_at : now, now);
}

void http_troubled(Http *h, double seconds) { pace_troubled(&h->pace, seconds, http_now()); }

void http_scrub(const Http *h, char *text, size_t len, size_t shortest) {
  secret_scrub(&h->secret, text, len, shortest);
}

const Url *http_origin(const Http *h) { return &h->origin; }

const char *http_library(void) { return "libcurl/" LIBCURL_VERSION; }

void http_stats(const Http *h, HttpStats *s) {
  *s = h->stats;
  s->in_flight = (size_t)h->in_flight;
  s->queued = queue_n(&h->queue);
  s->window = floor(h->pace.window);
  s->rate = pace_rate(&h->pace);
  s->cuts = (uint64_t)h->pace.cuts;
  http_memory(&s->memory, &s->peak_memory);
}

#else

int http_open(Http **out, const HttpOptions *opt, Error *err) {
  (void)opt;
  *out = NULL;
  return error_set(err, "%s", HTTP_MISSING);
}
void http_close(Http *h) { (void)h; }
int http_submit(Http *h, const HttpRequest *r, Error *err) {
  (void)h, (void)r;
  return error_set(err, "%s", HTTP_MISSING);
}
size_t http_poll(Http *h, double timeout_s) { (void)h, (void)timeout_s; return 0; }
const HttpReply *http_reply(const Http *h, size_t i) { (void)h, (void)i; return NULL; }
int http_requeue(Http *h, int64_t id, double delay_s) { (void)h, (void)id, (void)delay_s; return -1; }
void http_limit(Http *h, PaceBucket w, double r, double b, double l) { (void)h, (void)w, (void)r, (void)b, (void)l; }
void http_credit(Http *h, PaceBucket which, double tokens) { (void)h, (void)which, (void)tokens; }
void http_refused(Http *h, int64_t id, double seconds) { (void)h, (void)id, (void)seconds; }
void http_troubled(Http *h, double seconds) { (void)h, (void)seconds; }
void http_scrub(const Http *h, char *t, size_t len, size_t shortest) { (void)h, (void)t, (void)len, (void)shortest; }
const Url *http_origin(const Http *h) { (void)h; return NULL; }
const char *http_library(void) { return NULL; }
void http_stats(const Http *h, HttpStats *s) { (void)h; *s = (HttpStats){ 0 }; }

#endif

const char *http_fault_word(HttpFault fault) {
  static const char *const words[HTTP_FAULTS] = {
    NULL, "timeout", "resolve", "connect", "tls", "certificate", "forbidden", "reset", "partial", "too_large",
    "protocol", "file", "memory"
  };
  return words[fault];
}
