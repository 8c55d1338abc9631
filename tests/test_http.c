/* tests/test_http.c - the client against a server in this process, on loopback. */
#include "check.h"
#include "http/http.h"

#ifdef HAVE_CURL
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "core/pool.h"
#include "http_peer.h"

#define KEY "sk-test-0123456789abcdefghijklmnopqrstuvwxyz"

static const PaceOptions PACE = { .start = 64, .min = 1, .max = 256, .increase = 1, .cut = 0.5, .window_s = 1,
                                  .rate_margin = 0.02, .learn_s = 1, .probe_s = 60, .probe_requests = 300 };
static Peer peer;
static char origin_text[64];

static HttpOptions options(const char *scheme, unsigned port) {
  static const char *const keep[] = { "retry-after", "request-id" };
  snprintf(origin_text, sizeof origin_text, "%s://127.0.0.1:%u", scheme, port);
  return (HttpOptions){ .origin = origin_text, .keep = keep, .nkeep = 2, .allow_private = 1, .plain_http = 1,
                        .connect_timeout_s = 5, .timeout_s = 10, .max_reply_bytes = 1 << 20, .buffer_bytes = 4096,
                        .pace = PACE };
}

static Http *client_of(HttpOptions o) {
  Error err = { "" };
  Http *h = NULL;
  if (http_open(&h, &o, &err) != 0) printf("open: %s\n", err.text);
  return h;
}

static Http *client(void) { return client_of(options("http", peer.port)); }

static int submit(Http *h, int64_t id, const char *path, const char *body) {
  HttpRequest r = { .id = id, .path = span_str(path) };
  Error err;
  if (body != NULL) r.body = span_str(body);
  return http_submit(h, &r, &err);
}

/* The reply to one request that is the only one. */
static const HttpReply *ask(Http *h, const char *path, const char *body) {
  static const HttpReply none;
  if (submit(h, 1, path, body) != 0 || http_poll(h, 20) != 1) return &none;
  return http_reply(h, 0);
}

static int is(Span s, const char *text) { return span_eq(s, span_str(text)); }

static void a_reply_comes_back_with_status_body_and_the_headers_asked_for(void) {
  Http *h = client();
  const HttpReply *r = ask(h, "/ok", "{}");
  CHECK(r->fault == HTTP_OK && r->status == 200 && is(r->body, "{\"ok\":true}"));
  CHECK(r->nheaders == 1 && strcmp(r->header[0].name, "request-id") == 0 && strcmp(r->header[0].value, "r1") == 0);
  CHECK(r->sent && r->bytes_sent == 2 && r->bytes_received == 11 && r->http_version == 11 && r->sends == 1);
  r = ask(h, "/status/429", "{}");
  CHECK(r->fault == HTTP_OK && r->status == 429 && r->nheaders == 1 && strcmp(r->header[0].value, "7") == 0);
  r = ask(h, "/continue", "{}");
  CHECK(r->status == 200 && r->nheaders == 1 && strcmp(r->header[0].value, "2") == 0);
  r = ask(h, "/gzip", "{}");
  CHECK(r->status == 200 && is(r->body, "gzip gzip"));
  http_close(h);
}

static void a_body_arrives_whole_whatever_its_bytes_and_size(void) {
  Http *h = client();
  size_t n = 900000;
  char *body = malloc(n);
  for (size_t i = 0; i < n; i++) body[i] = (char)(i * 7 + i / 251);
  HttpRequest q = { .id = 1, .path = span_str("/echo"), .body = span_of(body, n) };
  Error err;
  CHECK(http_submit(h, &q, &err) == 0);
  CHECK(http_poll(h, 20) == 1);
  const HttpReply *r = http_reply(h, 0);
  CHECK(r->fault == HTTP_OK && span_eq(r->body, span_of(body, n)) && r->bytes_sent == n);
  const Span piece[] = { span_of(body, 1000), span_of(body + 1000, 0), span_of(body + 1000, n - 1000) };
  q = (HttpRequest){ .id = 2, .path = span_str("/echo"), .piece = piece, .npieces = 3 };
  CHECK(http_submit(h, &q, &err) == 0 && http_poll(h, 20) == 1);
  CHECK(span_eq(http_reply(h, 0)->body, span_of(body, n)));
  free(body);
  http_close(h);
}

static void headers_are_those_given_and_no_expect_or_encoding(void) {
  static const HttpHeader header[] = { { "anthropic-version", "2023-06-01" }, { "content-type", "application/json" } };
  static const HttpHeader secret[] = { { "x-api-key", KEY } };
  static const HttpHeader own[] = { { "Content-Type", "text/plain" }, { "x-empty", "" } };
  HttpOptions o = options("http", peer.port);
  o.header = header, o.nheaders = 2, o.secret = secret, o.nsecrets = 1;
  Http *h = client_of(o);
  Error err;
  HttpRequest q = { .id = 1, .path = span_str("/ok"), .body = span_str("{}"), .header = own, .nheaders = 2 };
  CHECK(http_submit(h, &q, &err) == 0 && http_poll(h, 20) == 1);
  CHECK(strstr(peer.head, "x-api-key: " KEY "\r\n") != NULL);
  CHECK(strstr(peer.head, "anthropic-version: 2023-06-01\r\n") != NULL);
  CHECK(strstr(peer.head, "Content-Type: text/plain\r\n") != NULL && strstr(peer.head, "application/json") == NULL);
  CHECK(strstr(peer.head, "x-empty:\r\n") != NULL);
  CHECK(strcasestr(peer.head, "expect:") == NULL && strstr(peer.head, "Accept-Encoding: identity\r\n") != NULL);
  CHECK(strstr(peer.head, "POST /ok HTTP/1.1\r\n") == peer.head);
  const HttpHeader bad[] = { { "X-API-Key", "mine" }, { "x", "a\r\nb: c" }, { "x y", "1" }, { "host", "a" } };
  for (size_t i = 0; i < 4; i++) {
    q.header = &bad[i], q.nheaders = 1;
    CHECK(http_submit(h, &q, &err) == -1);
  }
  http_close(h);
}

static void methods_and_parts_are_sent_as_asked(void) {
  Http *h = client();
  Error err;
  CHECK(ask(h, "/ok", NULL)->status == 200 && strstr(peer.head, "GET /ok ") == peer.head);
  HttpRequest q = { .id = 1, .path = span_str("/ok"), .method = "DELETE" };
  CHECK(http_submit(h, &q, &err) == 0 && http_poll(h, 20) == 1 && strstr(peer.head, "DELETE /ok ") == peer.head);
  CHECK(ask(h, "/ok", "x")->status == 200 && strstr(peer.head, "POST /ok ") == peer.head);
  const HttpPart parts[] = { { .name = "purpose", .body = span_str("batch") },
                             { .name = "file", .filename = "in.jsonl", .content_type = "application/jsonl",
                               .body = span_str("{\"a\":1}\n{\"a\":2}\n") } };
  q = (HttpRequest){ .id = 2, .path = span_str("/ok"), .part = parts, .nparts = 2 };
  CHECK(http_submit(h, &q, &err) == 0 && http_poll(h, 20) == 1 && http_reply(h, 0)->status == 200);
  CHECK(strstr(peer.head, "POST /ok ") == peer.head);
  CHECK(strcasestr(peer.head, "content-type: multipart/form-data; boundary=") != NULL);
  CHECK(strstr(peer.body, "name=\"purpose\"\r\n\r\nbatch\r\n") != NULL);
  CHECK(strstr(peer.body, "name=\"file\"; filename=\"in.jsonl\"\r\nContent-Type: application/jsonl\r\n\r\n"
                          "{\"a\":1}\n{\"a\":2}\n\r\n"));
  CHECK(ask(h, "/ok", NULL)->status == 200 && strstr(peer.head, "GET /ok ") == peer.head);   /* nothing of it stays */
  q = (HttpRequest){ .id = 1, .path = span_str("/ok"), .method = "GET", .body = span_str("x") };
  CHECK(http_submit(h, &q, &err) == -1);
  http_close(h);
}

typedef struct Fault { const char *path; HttpFault fault; long status; } Fault;

static void every_fault_has_its_class_and_a_sent_request_says_so(void) {
  static const Fault faults[] = {
    { "/reset", HTTP_RESET, 0 },        { "/half", HTTP_PARTIAL, 200 },      { "/short", HTTP_PARTIAL, 200 },
    { "/chunk", HTTP_PARTIAL, 200 },    { "/big/17", HTTP_TOO_LARGE, 200 },  { "/endless/17", HTTP_TOO_LARGE, 200 },
    { "/garbage", HTTP_PROTOCOL, 0 },   { "/redirect", HTTP_OK, 302 },       { "/big/16", HTTP_OK, 200 },
  };
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
    Http *h = client();
    int before = peer.requests;
    const HttpReply *r = ask(h, faults[i].path, "{}");
    if (r->fault != faults[i].fault || r->status != faults[i].status)
      printf("%s: %d %ld %s\n", faults[i].path, r->fault, r->status, r->message != NULL ? r->message : "");
    CHECK(r->fault == faults[i].fault && r->status == faults[i].status && r->sent == 1);
    CHECK((r->fault == HTTP_OK) == (r->message == NULL));
    CHECK(peer.requests - before == 1);
    http_close(h);
  }
}

static void a_timeout_ends_what_never_answers_and_what_drips(void) {
  static const char *const paths[] = { "/never", "/drip", "/slow/1000" };
  HttpOptions o = options("http", peer.port);
  o.timeout_s = 0.2;
  for (size_t i = 0; i < 3; i++) {
    Http *h = client_of(o);
    const HttpReply *r = ask(h, paths[i], "{}");
    CHECK(r->fault == HTTP_TIMEOUT && r->sent && r->elapsed_s >= 0.19 && r->elapsed_s < 5);
    http_close(h);
  }
}

static void a_connection_that_is_refused_sent_nothing_and_an_ignored_proxy_is_named(void) {
  setenv("http_proxy", "http://127.0.0.1:9", 1);
  Http *h = client();
  CHECK(ask(h, "/ok", "{}")->status == 200);            /* not asked for, so not used */
  http_close(h);
  h = client_of(options("http", 1));
  const HttpReply *r = ask(h, "/ok", "{}");
  CHECK(r->fault == HTTP_CONNECT && !r->sent && r->bytes_sent == 0 && r->status == 0);
  CHECK(r->message != NULL && strstr(r->message, "http_proxy is set in the environment and was ignored") != NULL);
  unsetenv("http_proxy");
  http_close(h);
}

static void a_kept_connection_that_breaks_does_not_send_a_request_twice(void) {
  Http *h = client();
  int before = peer.requests;
  CHECK(ask(h, "/reset-second", "{}")->status == 200);
  const HttpReply *r = ask(h, "/reset-second", "{}");
  CHECK(r->fault == HTTP_RESET && r->sent);
  CHECK(peer.requests - before == 2);                   /* libcurl by itself makes it three */
  HttpStats s;
  http_stats(h, &s);
  CHECK(s.sent == 2 && s.finished == 2);
  http_close(h);
}

static void requests_leave_by_priority_and_id_and_no_more_at_once_than_the_window(void) {
  HttpOptions o = options("http", peer.port);
  o.pace.start = o.pace.max = o.pace.min = 1;
  Http *h = client_of(o);
  static const int64_t ids[] = { 5, 3, 9, 1, 7 };
  for (size_t i = 0; i < 5; i++) {
    HttpRequest q = { .id = ids[i], .priority = ids[i] == 9 ? -1 : 0, .path = span_str("/ok") };
    Error err;
    CHECK(http_submit(h, &q, &err) == 0);
  }
  static const int64_t wanted[] = { 9, 1, 3, 5, 7 };
  for (size_t i = 0; i < 5; i++) {
    CHECK(http_poll(h, 20) == 1);
    CHECK(http_reply(h, 0)->id == wanted[i]);
  }
  CHECK(http_poll(h, 20) == 0);                         /* nothing left: at once */
  http_close(h);
}

static void many_requests_share_few_connections(void) {
  enum { N = 2000 };
  HttpOptions o = options("http", peer.port);
  o.pace.start = o.pace.max = 32;
  Http *h = client_of(o);
  static char seen[N];
  memset(seen, 0, sizeof seen);
  peer.most_out = 0;
  for (int i = 0; i < N; i++) CHECK(submit(h, i, "/ok", "{}") == 0);
  size_t done = 0;
  for (size_t n; (n = http_poll(h, 20)) > 0;)
    for (size_t i = 0; i < n; i++, done++) {
      const HttpReply *r = http_reply(h, i);
      CHECK(r->status == 200 && !seen[r->id]);
      seen[r->id] = 1;
    }
  HttpStats s;
  http_stats(h, &s);
  CHECK(done == N && s.connections == 32 && s.peak_in_flight == 32 && s.in_flight == 0 && s.queued == 0);
  CHECK(peer.most_out <= 32);
  http_close(h);
}

static void a_request_is_queued_again_as_it_was(void) {
  Http *h = client();
  CHECK(ask(h, "/echo", "again")->status == 200);
  CHECK(http_requeue(h, 1, 0.05) == 0 && http_requeue(h, 1, 0) == -1 && http_requeue(h, 2, 0) == -1);
  CHECK(http_poll(h, 20) == 1);
  const HttpReply *r = http_reply(h, 0);
  CHECK(r->status == 200 && is(r->body, "again") && r->sends == 2);
  http_close(h);
}

static void a_refusal_pauses_all_and_cuts_the_window(void) {
  Http *h = client();
  HttpStats s;
  CHECK(ask(h, "/status/429", "{}")->status == 429);
  http_refused(h, 1, 0.3);
  http_stats(h, &s);
  CHECK(s.window == 32 && s.cuts == 1);
  CHECK(submit(h, 2, "/ok", "{}") == 0);
  CHECK(http_poll(h, 0.05) == 0);
  CHECK(http_poll(h, 20) == 1 && http_reply(h, 0)->status == 200);
  http_close(h);
}

static void a_bucket_spaces_requests(void) {
  Http *h = client();
  http_limit(h, PACE_REQUESTS, 50, 1, -1);
  for (int i = 0; i < 6; i++) CHECK(submit(h, i, "/ok", "{}") == 0);
  double last = 0;
  struct timespec a, b;
  clock_gettime(CLOCK_MONOTONIC, &a);
  for (int done = 0; done < 6;) done += (int)http_poll(h, 20);
  clock_gettime(CLOCK_MONOTONIC, &b);
  last = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) * 1e-9;
  CHECK(last >= 0.099);                                 /* five tokens at 50 a second */
  http_close(h);
}

static void the_key_is_masked_in_whatever_comes_back(void) {
  static const HttpHeader secret[] = { { "authorization", "Bearer " KEY } };
  HttpOptions o = options("http", peer.port);
  o.secret = secret, o.nsecrets = 1;
  Http *h = client_of(o);
  const HttpReply *r = ask(h, "/refused", "{}");        /* sends the request's head back */
  CHECK(r->status == 401 && memmem(r->body.ptr, r->body.len, "sk-test-", 8) == NULL);
  CHECK(memmem(r->body.ptr, r->body.len, "uthorization: Bearer ****", 25) != NULL);
  r = ask(h, "/head", "{}");
  CHECK(r->status == 200 && memmem(r->body.ptr, r->body.len, "0123456789", 10) == NULL);
  struct rlimit core;
  CHECK(prctl(PR_GET_DUMPABLE) == 0 && getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0);
  http_close(h);
}

static void a_large_reply_goes_to_a_file_whole_or_not_at_all(void) {
  char dir[] = "/tmp/tamis-http-XXXXXX", path[64];
  CHECK(mkdtemp(dir) != NULL);
  snprintf(path, sizeof path, "%s/out", dir);
  Http *h = client();
  Error err;
  HttpRequest q = { .id = 1, .path = span_str("/big/64"), .to_file = path, .max_reply_bytes = 64 * 65536 };
  CHECK(http_submit(h, &q, &err) == 0 && http_poll(h, 20) == 1);
  const HttpReply *r = http_reply(h, 0);
  CHECK(r->fault == HTTP_OK && r->body.len == 0 && r->bytes_received == 64 * 65536);
  int fd = open(path, O_RDONLY);
  CHECK(lseek(fd, 0, SEEK_END) == 64 * 65536);
  close(fd);
  unlink(path);
  static const char *const bad[] = { "/half", "/short", "/big/65" };
  for (size_t i = 0; i < 3; i++) {
    q.path = span_str(bad[i]);
    CHECK(http_submit(h, &q, &err) == 0 && http_poll(h, 20) == 1 && http_reply(h, 0)->fault != HTTP_OK);
    CHECK(access(path, F_OK) != 0);
  }
  q.path = span_str("/status/404");
  CHECK(http_submit(h, &q, &err) == 0 && http_poll(h, 20) == 1);
  CHECK(http_reply(h, 0)->status == 404 && is(http_reply(h, 0)->body, "{}") && access(path, F_OK) != 0);
  http_close(h);
  CHECK(rmdir(dir) == 0);
}

static void tls_is_verified(void) {
  char dir[] = "/tmp/tamis-tls-XXXXXX", pem[64];
  CHECK(mkdtemp(dir) != NULL);
  snprintf(pem, sizeof pem, "%s/ca.pem", dir);
  static const struct { const char *san; long from, until; int trusted; HttpFault fault; } cases[] = {
    { "IP:127.0.0.1", -60, 3600, 1, HTTP_OK },
    { "IP:127.0.0.1", -60, 3600, 0, HTTP_CERTIFICATE },         /* self-signed, and nobody's */
    { "DNS:example.org", -60, 3600, 1, HTTP_CERTIFICATE },      /* another host */
    { "IP:127.0.0.1", -7200, -3600, 1, HTTP_CERTIFICATE },      /* expired */
    { "IP:127.0.0.1", 3600, 7200, 1, HTTP_CERTIFICATE },        /* not yet valid */
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    Peer tls;
    SSL_CTX *ctx = peer_tls(cases[i].san, cases[i].from, cases[i].until, pem);
    peer_open(&tls, ctx);
    HttpOptions o = options("https", tls.port);
    o.ca_file = cases[i].trusted ? pem : NULL;
    o.http2 = 1;
    Http *h = client_of(o);
    const HttpReply *r = ask(h, "/ok", "{}");
    if (r->fault != cases[i].fault) printf("case %zu: %d %s\n", i, r->fault, r->message != NULL ? r->message : "");
    CHECK(r->fault == cases[i].fault && r->sent == (cases[i].fault == HTTP_OK));
    http_close(h);
    peer_close(&tls);
    SSL_CTX_free(ctx);
  }
  unlink(pem);
  HttpOptions o = options("https", 1);
  o.ca_file = pem;
  Error err;
  Http *h;
  CHECK(http_open(&h, &o, &err) == -1 && h == NULL && strstr(err.text, "ca.pem") != NULL);
  rmdir(dir);
}

/* The peer speaks HTTP/1.1 only: the limit that serves HTTP/2 must not hold it back. */
static void over_tls_a_server_without_http2_gets_a_connection_a_request(void) {
  char pem[] = "/tmp/tamis-pem-XXXXXX";
  close(mkstemp(pem));
  Peer tls;
  SSL_CTX *ctx = peer_tls("IP:127.0.0.1", -60, 3600, pem);
  peer_open(&tls, ctx);
  HttpOptions o = options("https", tls.port);
  o.ca_file = pem;
  o.http2 = 1;
  o.http2_connections = 1;
  o.pace.start = o.pace.max = 16;
  Http *h = client_of(o);
  CHECK(ask(h, "/ok", "{}")->status == 200);
  char *body = calloc(1, 50001);
  memset(body, 'b', 50000);
  for (int i = 0; i < 64; i++) CHECK(submit(h, i, "/echo", body) == 0);
  size_t done = 0;
  for (size_t n; (n = http_poll(h, 20)) > 0; done += n)
    for (size_t i = 0; i < n; i++) CHECK(is(http_reply(h, i)->body, body));
  HttpStats s;
  http_stats(h, &s);
  CHECK(done == 64 && s.connections > 1 && s.connections <= 16 && s.bytes_sent == 64 * 50000 + 2);
  free(body);
  http_close(h);
  peer_close(&tls);
  SSL_CTX_free(ctx);
  unlink(pem);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
/* Looks for the last 20 bytes of the key, told to us masked, in all that this process can write to. */
static int in_memory(const char *masked) {
  FILE *maps = fopen("/proc/self/maps", "r");
  char line[512];
  int found = 0;
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
    unsigned long from, to;
    char mode[8];
    if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 || mode[0] != 'r' || mode[1] != 'w') continue;
    for (const char *p = (const char *)from; p + 20 <= (const char *)to; p++) {
      int k = 0;
      while (k < 20 && p[k] == (char)(masked[k] ^ 0x55)) k++;
      found += k == 20;
    }
  }
  if (maps != NULL) fclose(maps);
  return found;
}

/* In a child, so that nothing but the client has held the key: the server is in the parent. */
static int child_forgets(void) {
  static const char masked[] = "\x3f\x3e\x3d\x3c\x3b\x3a\x39\x38\x37\x36\x35\x34\x33\x32\x31\x30\x2f\x2e\x2d\x2c";
  char *key = malloc(64);
  memcpy(key, "sk-test-", 8);
  for (int i = 0; i < 20; i++) key[8 + i] = (char)(masked[i] ^ 0x55);
  key[28] = '\0';
  HttpHeader secret = { "x-api-key", key };
  HttpOptions o = options("http", peer.port);
  o.secret = &secret, o.nsecrets = 1;
  Http *h = client_of(o);
  explicit_bzero(key, 64);
  int kept = in_memory(masked) >= 1;        /* the search finds it where it lies */
  for (int i = 0; i < 50; i++) submit(h, i, "/ok", "{}");
  size_t done = 0;
  for (size_t n; (n = http_poll(h, 20)) > 0;) done += n;
  http_close(h);
  return !kept ? 2 : done != 50 ? 3 : in_memory(masked) != 0;
}

static void when_a_client_is_closed_the_key_is_nowhere_in_memory(void) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) _exit(child_forgets());
  int status = -1;
  CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
#else
static void when_a_client_is_closed_the_key_is_nowhere_in_memory(void) { SKIP("a sanitizer's maps are too large"); }
#endif

static void an_origin_that_nobody_allowed_is_refused(void) {
  HttpOptions o = options("http", peer.port);
  Error err = { "" };
  Http *h;
  int before = peer.n;
  o.allow_private = 0;
  CHECK(http_open(&h, &o, &err) == -1 && strstr(err.text, "loopback") != NULL);
  o = options("http", peer.port);
  o.plain_http = 0;
  CHECK(http_open(&h, &o, &err) == -1 && strstr(err.text, "not encrypted") != NULL);
  o = options("http", peer.port);                       /* a name that the URL does not give away */
  char name[64], host[64] = "";
  int named = gethostname(host, sizeof host - 1) == 0 && host[0] != '\0' && strchr(host, '.') == NULL;
  if (named && strcmp(host, "localhost") != 0) {
    snprintf(name, sizeof name, "http://%s:%u", host, peer.port);
    o.origin = name;
    o.allow_private = 0;
    if (http_open(&h, &o, &err) == 0) {
      const HttpReply *r = ask(h, "/ok", "{}");
      CHECK((r->fault == HTTP_FORBIDDEN || r->fault == HTTP_RESOLVE) && !r->sent);
      http_close(h);
    }
  }
  CHECK(peer.n == before);
}

static void an_interrupt_ends_the_wait_and_closing_drops_what_flies(void) {
  Http *h = client();
  for (int i = 0; i < 10; i++) CHECK(submit(h, i, "/slow/300", "{}") == 0);
  interrupt_raise();
  CHECK(http_poll(h, 20) == 0);
  interrupt_clear();
  CHECK(http_poll(h, 0.01) == 0);
  HttpStats s;
  http_stats(h, &s);
  CHECK(s.in_flight == 10);
  http_close(h);
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  peer_open(&peer, NULL);
  RUN(a_reply_comes_back_with_status_body_and_the_headers_asked_for);
  RUN(a_body_arrives_whole_whatever_its_bytes_and_size);
  RUN(headers_are_those_given_and_no_expect_or_encoding);
  RUN(methods_and_parts_are_sent_as_asked);
  RUN(every_fault_has_its_class_and_a_sent_request_says_so);
  RUN(a_timeout_ends_what_never_answers_and_what_drips);
  RUN(a_connection_that_is_refused_sent_nothing_and_an_ignored_proxy_is_named);
  RUN(a_kept_connection_that_breaks_does_not_send_a_request_twice);
  RUN(requests_leave_by_priority_and_id_and_no_more_at_once_than_the_window);
  RUN(many_requests_share_few_connections);
  RUN(a_request_is_queued_again_as_it_was);
  RUN(a_refusal_pauses_all_and_cuts_the_window);
  RUN(a_bucket_spaces_requests);
  RUN(the_key_is_masked_in_whatever_comes_back);
  RUN(a_large_reply_goes_to_a_file_whole_or_not_at_all);
  RUN(tls_is_verified);
  RUN(over_tls_a_server_without_http2_gets_a_connection_a_request);
  RUN(when_a_client_is_closed_the_key_is_nowhere_in_memory);
  RUN(an_origin_that_nobody_allowed_is_refused);
  RUN(an_interrupt_ends_the_wait_and_closing_drops_what_flies);
  peer_close(&peer);
  return check_done();
}
#else
static void a_client_needs_libcurl(void) { SKIP("built without libcurl"); }
int main(void) {
  RUN(a_client_needs_libcurl);
  return check_done();
}
#endif
