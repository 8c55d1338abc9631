/* limit.c - requests, input tokens and output tokens each under a bucket that fills evenly, as the providers'
** do; output is reserved from max_tokens and corrected by what was written. The headers name the limit a minute,
** what the bucket holds and when it will be full. */
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "server.h"

void limit_set(Server *s, int which, double per_minute) {
  Bucket *b = &s->bucket[which];
  double cap = per_minute / 60 * s->config.burst_s;
  *b = (Bucket){ per_minute, cap < 1 ? 1 : cap, cap < 1 ? 1 : cap };
  s->bucket_at = now_ns();
}

static void refill(Server *s) {
  uint64_t now = now_ns();
  double passed = (double)(now - s->bucket_at) * 1e-9;
  s->bucket_at = now;
  for (int i = 0; i < LIMITS; i++) {
    Bucket *b = &s->bucket[i];
    b->level = fmin(b->cap, b->level + b->per_minute / 60 * passed);
  }
}

static double wait_for(const Bucket *b, double need) {
  if (b->per_minute <= 0) return 0;
  if (need > b->cap) need = b->cap;   /* what is larger than the bucket passes when the bucket is full */
  return need <= b->level + 1e-9 ? 0 : (need - b->level) / (b->per_minute / 60);
}

int limit_take(Server *s, uint64_t input, uint64_t output, double *wait_s) {
  const double need[LIMITS] = { 1, (double)input, (double)output };
  int worst = -1;
  *wait_s = 0;
  refill(s);
  for (int i = 0; i < LIMITS; i++) {
    double w = wait_for(&s->bucket[i], need[i]);
    if (w > *wait_s) {
      *wait_s = w;
      worst = i;
    }
  }
  if (worst >= 0) return worst + 1;
  for (int i = 0; i < LIMITS; i++) s->bucket[i].level -= need[i];
  return 0;
}

void limit_return(Server *s, int which, double unused) {
  Bucket *b = &s->bucket[which];
  b->level = fmin(b->cap, b->level + unused);
}

static double full_in(const Bucket *b) {
  return b->per_minute > 0 ? fmax(0, (b->cap - b->level) / (b->per_minute / 60)) : 0;
}

static double left(const Bucket *b) { return b->level < 0 ? 0 : floor(b->level); }

static void anthropic_limit(Reply *p, const char *what, const Bucket *b) {
  char name[64], when[32];
  time_t at = time(NULL) + (time_t)ceil(full_in(b));
  struct tm tm;
  strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &tm));
  snprintf(name, sizeof name, "anthropic-ratelimit-%s-limit", what);
  reply_header(p, name, "%.0f", b->per_minute);
  snprintf(name, sizeof name, "anthropic-ratelimit-%s-remaining", what);
  reply_header(p, name, "%.0f", left(b));
  snprintf(name, sizeof name, "anthropic-ratelimit-%s-reset", what);
  reply_header(p, name, "%s", when);
}

/* A duration as Go prints it: 12ms, 1.5s, 6m0s. */
static void go_duration(double seconds, char out[32]) {
  if (seconds < 1) snprintf(out, 32, "%.0fms", ceil(seconds * 1000));
  else if (seconds < 60) snprintf(out, 32, "%.3gs", seconds);
  else snprintf(out, 32, "%dm%.0fs", (int)(seconds / 60), floor(fmod(seconds, 60)));
}

static void openai_limit(Reply *p, const char *what, const Bucket *b) {
  char name[64], when[32];
  go_duration(full_in(b), when);
  snprintf(name, sizeof name, "x-ratelimit-limit-%s", what);
  reply_header(p, name, "%.0f", b->per_minute);
  snprintf(name, sizeof name, "x-ratelimit-remaining-%s", what);
  reply_header(p, name, "%.0f", left(b));
  snprintf(name, sizeof name, "x-ratelimit-reset-%s", what);
  reply_header(p, name, "%s", when);
}

void limit_headers(Server *s, Dialect d, Reply *p) {
  const Bucket *b = s->bucket, *in = &b[LIMIT_INPUT], *out = &b[LIMIT_OUTPUT];
  if (s->config.silent > 0) return;
  if (d == ANTHROPIC) {
    if (b->per_minute > 0) anthropic_limit(p, "requests", b);
    if (in->per_minute > 0) anthropic_limit(p, "input-tokens", in);
    if (out->per_minute > 0) anthropic_limit(p, "output-tokens", out);
    if (in->per_minute > 0 && out->per_minute > 0) {
      Bucket both = { in->per_minute + out->per_minute, fmax(0, in->level) + fmax(0, out->level), in->cap + out->cap };
      anthropic_limit(p, "tokens", &both);
    }
  } else if (d == OPENAI) {
    if (b->per_minute > 0) openai_limit(p, "requests", b);
    if (in->per_minute > 0) openai_limit(p, "tokens", in);
  }
}

void limit_refuse(Server *s, Dialect d, int which, double wait_s, Reply *p) {
  static const char *const WHAT[] = { "requests", "input tokens", "output tokens" };
  char when[32];
  s->stats.rate_429++;
  if (d == ANTHROPIC) {
    api_error(s, d, p, 429, "rate_limit_error", NULL, NULL, "This request would exceed your organization's rate limit "
              "of %.0f %s per minute. For details, refer to: https://docs.claude.com/en/api/rate-limits.",
              s->bucket[which].per_minute, WHAT[which]);
  } else {
    go_duration(wait_s, when);
    api_error(s, d, p, 429, which == LIMIT_REQUESTS ? "requests" : "tokens", "rate_limit_exceeded", NULL,
              "Rate limit reached for the model in organization org-test on %s per min: Limit %.0f. Please try again "
              "in %s.", WHAT[which], s->bucket[which].per_minute, when);
    reply_header(p, "retry-after-ms", "%.0f", ceil(wait_s * 1000));
  }
  reply_header(p, "retry-after", "%.0f", fmax(1, ceil(wait_s)));
}
