/* tests/bench/bench_http.c - the client against tests/judge_server: requests a second, CPU a request on
** either side, and memory a request in flight. JUDGE_SERVER names the program (default: beside this build). */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "http/http.h"

enum { FLIGHT = 256, REQUESTS = 20000, RUNS = 3 };

typedef struct Server { int in; pid_t pid; unsigned http, https; int h2; char ca[128]; } Server;

static double wall(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double cpu(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

/* CPU that the server has used so far. */
static double server_cpu(const Server *s) {
  clockid_t id;
  struct timespec t;
  if (clock_getcpuclockid(s->pid, &id) != 0 || clock_gettime(id, &t) != 0) return 0;
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int server_start(Server *s, const char *program) {
  int in[2], out[2];
  if (access(program, X_OK) != 0 || pipe(in) != 0 || pipe(out) != 0) return -1;
  s->pid = fork();
  if (s->pid == 0) {
    dup2(in[0], 0), dup2(out[1], 1);
    close(in[1]), close(out[0]);
    execl(program, program, "--lifetime", "600", (char *)NULL);
    _exit(127);
  }
  close(in[0]), close(out[1]);
  s->in = in[1];
  char line[1024] = "";
  FILE *f = fdopen(out[0], "r");
  if (f == NULL || fgets(line, sizeof line, f) == NULL) return -1;
  const char *ca = strstr(line, "\"ca\":\"");
  s->h2 = strstr(line, "\"h2\":true") != NULL;
  if (sscanf(line, "{\"http\":%u,\"https\":%u", &s->http, &s->https) != 2 || ca == NULL) return -1;
  return sscanf(ca + 6, "%127[^\"]", s->ca) == 1 ? 0 : -1;
}

static Http *client(const Server *s, int tls, int http2) {
  static const HttpHeader header[] = { { "anthropic-version", "2023-06-01" }, { "content-type", "application/json" } };
  static const HttpHeader secret[] = { { "x-api-key", "sk-ant-api03-test-key-for-loopback-only" } };
  static const char *const keep[] = { "retry-after", "request-id" };
  char origin[64];
  snprintf(origin, sizeof origin, tls ? "https://localhost:%u" : "http://127.0.0.1:%u", tls ? s->https : s->http);
  HttpOptions o = { .origin = origin, .header = header, .nheaders = 2, .secret = secret, .nsecrets = 1, .keep = keep,
                    .nkeep = 2, .ca_file = s->ca, .http2 = http2,
                    .http2_connections = 8, .allow_private = 1, .plain_http = 1, .timeout_s = 60,
                    .max_reply_bytes = 1 << 20, .buffer_bytes = 2048,
                    .pace = { .start = FLIGHT, .min = 1, .max = FLIGHT, .increase = 1, .cut = 0.8, .window_s = 1 } };
  Http *h;
  Error err = { "" };
  if (http_open(&h, &o, &err) != 0) fprintf(stderr, "%s\n", err.text);
  return h;
}

static void submit(Http *h, int64_t id, const char *path, Span body) {
  HttpRequest r = { .id = id, .path = span_str(path), .body = body };
  Error err;
  if (http_submit(h, &r, &err) != 0) fprintf(stderr, "%s\n", err.text), exit(1);
}

/* A request as the judge sends it: some 2 KB. */
static Span body_of(char room[4096]) {
  int n = snprintf(room, 4096, "{\"model\":\"claude-haiku-4-5\",\"max_tokens\":512,\"messages\":[{\"role\":\"user\","
                               "\"content\":\"%01800d\\nid: abcdefgh12\"}]}", 7);
  return span_of(room, (size_t)n);
}

static void run(const Server *s, const char *what, int tls, int http2, const char *path, Span body) {
  double best = 0, least = 1e9, theirs = 1e9;
  size_t bad = 0;
  HttpStats st = { 0 };
  for (int k = 0; k < RUNS; k++) {
    Http *h = client(s, tls, http2);
    if (h == NULL) exit(1);
    double t = wall(), c = cpu(), d = server_cpu(s);
    for (int sent = 0, done = 0; done < REQUESTS;) {
      for (; sent < REQUESTS && sent < done + 2 * FLIGHT; sent++) submit(h, sent, path, body);
      size_t n = http_poll(h, 10);
      for (size_t i = 0; i < n; i++) bad += http_reply(h, i)->status != 200;
      done += (int)n;
    }
    t = wall() - t, c = cpu() - c, d = server_cpu(s) - d;
    if (REQUESTS / t > best) best = REQUESTS / t;
    if (c < least) least = c;
    if (d < theirs) theirs = d;
    http_stats(h, &st);
    http_close(h);
  }
  printf("%-34s %6.0f requests/s  %5.1f us CPU a request (the server %5.1f)  %3llu connections  %zu not 200\n", what,
         best, least * 1e6 / REQUESTS, theirs * 1e6 / REQUESTS, (unsigned long long)st.connections, bad);
}

/* All that this process holds on the heap, by the allocator's own count, while FLIGHT requests wait for a
** server that takes its time; beside what an idle client holds. */
static void memory(const Server *s, const char *what, int tls, int http2, Span body) {
  Http *h = client(s, tls, http2);
  HttpStats st;
  struct mallinfo2 before = mallinfo2();
  http_stats(h, &st);
  size_t own = st.memory;
  for (int i = 0; i < FLIGHT; i++) submit(h, i, "/v1/messages", body);
  double until = wall() + 0.6;
  while (wall() < until) if (http_poll(h, 0.1) > 0) fprintf(stderr, "%s: early reply\n", what);
  struct mallinfo2 at = mallinfo2();
  http_stats(h, &st);
  double all = (double)(at.uordblks + at.hblkhd) - (double)(before.uordblks + before.hblkhd);
  printf("%-34s %8.1f KB a request in flight (%zu in flight, %llu connections; libcurl's own %.1f KB, body %.1f KB)\n",
         what, all / FLIGHT / 1024, st.in_flight, (unsigned long long)st.connections,
         (double)(st.memory - own) / FLIGHT / 1024, (double)body.len / 1024);
  http_close(h);
}

static void control(const Server *s, const char *text) {
  Http *h = client(s, 0, 0);
  submit(h, 1, "/_control", span_str(text));
  if (http_poll(h, 10) != 1 || http_reply(h, 0)->status != 200) fprintf(stderr, "control: failed\n");
  http_close(h);
}

int main(int argc, char **argv) {
  Server s = { 0 };
  char beside[4096], room[4096];
  const char *program = getenv("JUDGE_SERVER");
  if (program == NULL) {
    const char *slash = strrchr(argv[0], '/');
    snprintf(beside, sizeof beside, "%.*s/../judge_server", (int)(slash != NULL ? slash - argv[0] : 0), argv[0]);
    program = beside;
  }
  (void)argc;
  if (server_start(&s, program) != 0) return printf("no judge_server: skipped\n"), 0;
  Span body = body_of(room);
  run(&s, "http/1.1, GET /v1/models", 0, 0, "/v1/models", (Span){ NULL, 0 });
  run(&s, "http/1.1, POST /v1/messages", 0, 0, "/v1/messages", body);
  run(&s, "https, http/1.1, /v1/messages", 1, 0, "/v1/messages", body);
  if (s.h2) run(&s, "https, HTTP/2, /v1/messages", 1, 1, "/v1/messages", body);
  control(&s, "{\"latency\":{\"ms\":1500}}");
  memory(&s, "http/1.1", 0, 0, body);
  memory(&s, "https, http/1.1", 1, 0, body);
  if (s.h2) memory(&s, "https, HTTP/2", 1, 1, body);
  close(s.in);
  waitpid(s.pid, NULL, 0);
  return 0;
}
