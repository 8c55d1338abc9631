/* modules/http/pace.c - see pace.h */
#include "http/pace.h"

#include <math.h>

enum {
  GATHER_MS = 20,   /* the learned rate lets this much gather: a timer's grain, not a burst */
  ENOUGH = 10       /* requests accepted that make a rate */
};
static const double EPSILON = 1e-9;

int pace_init(Pace *p, const PaceOptions *o, double now, Error *err) {
  if (!(o->min >= 1 && o->min <= o->start && o->start <= o->max && o->max <= 100000))
    return error_set(err, "concurrency must be 1 <= min <= start <= max <= 100000");
  if (!(o->increase >= 0 && o->cut > 0 && o->cut < 1 && o->window_s >= 0))
    return error_set(err, "concurrency needs increase >= 0, 0 < cut < 1, window_s >= 0");
  if (!(o->rate_margin >= 0 && o->rate_margin < 1 &&
        (o->rate_margin == 0 || (o->learn_s > 0 && o->probe_s >= 0 && o->probe_requests >= 1))))
    return error_set(err, "concurrency needs 0 <= rate_margin < 1, learn_s > 0, probe_s >= 0, probe_requests >= 1");
  *p = (Pace){ .opt = *o, .window = o->start, .slow_start = 1, .cut_at = now, .learned_at = now,
               .paused_until = now, .frozen_until = now };
  return 0;
}

static void refill(Bucket *b, double now) {
  if (now > b->at) {
    b->level = fmin(b->burst, b->level + (now - b->at) * b->rate);
    b->at = now;
  }
}

void pace_limit(Pace *p, PaceBucket which, double rate, double burst, double level, double now) {
  Bucket *b = &p->bucket[which];
  double had = b->rate > 0 ? (refill(b, now), b->level) : burst;
  *b = (Bucket){ .rate = rate, .burst = fmax(burst, EPSILON), .at = now };
  b->level = fmin(level >= 0 ? level : had, b->burst);
}

void pace_credit(Pace *p, PaceBucket which, double tokens, double now) {
  Bucket *b = &p->bucket[which];
  if (b->rate <= 0) return;
  refill(b, now);
  b->level = fmin(b->burst, b->level + tokens);
}

/* Seconds until `need` tokens are there, or a full bucket where the need is larger. */
static double bucket_wait(Bucket *b, double need, double now) {
  if (b->rate <= 0 || need <= 0) return 0;
  refill(b, now);
  double short_of = fmin(need, b->burst) - b->level;
  return short_of > EPSILON * b->burst ? short_of / b->rate : 0;
}

/* How long a probe period lasts: the full one counts its requests at its own rate. */
static double period_of(const Pace *p) {
  double full = fmax(p->opt.probe_s, p->opt.probe_requests / p->base);
  return fmin(full, ldexp(fmax(p->opt.learn_s, EPSILON), p->learns < 60 ? p->learns : 60));
}

static void set_learned(Pace *p, double rate) {
  p->learned.rate = rate;
  p->learned.burst = 1 + rate * (GATHER_MS / 1000.0);
}

/* Brings the learned rate to where it stands now within its probe period; starts the next period. */
static void grow_learned(Pace *p, double now) {
  if (p->learned.rate <= 0) return;
  double period = period_of(p);
  if (now - p->period_from >= period) {
    p->base *= 1 + p->step;
    p->step = fmin(1, p->step * 2);
    p->period_from = now;
    period = period_of(p);
  }
  refill(&p->learned, now);
  set_learned(p, p->base * (1 + p->step * fmax(0, now - p->period_from) / period));
}

double pace_admit(Pace *p, const double need[PACE_BUCKETS], int in_flight, double now) {
  if (in_flight >= (int)p->window) return HUGE_VAL;
  double wait = fmax(0, p->paused_until - now);
  for (int i = 0; i < PACE_BUCKETS; i++) wait = fmax(wait, bucket_wait(&p->bucket[i], need[i], now));
  grow_learned(p, now);
  wait = fmax(wait, bucket_wait(&p->learned, 1, now));
  if (wait > 0) return wait;
  for (int i = 0; i < PACE_BUCKETS; i++)
    if (p->bucket[i].rate > 0) p->bucket[i].level -= need[i];
  if (p->learned.rate > 0) p->learned.level -= 1;
  return 0;
}

void pace_accepted(Pace *p, int in_flight, double now) {
  p->accepted++;
  if (now < p->frozen_until || in_flight < (int)p->window) return;   /* an unused window proves nothing */
  p->window += p->slow_start || p->learned.rate > 0 ? 1 : p->opt.increase / p->window;
  p->window = fmin(p->window, p->opt.max);
}

/* What the server let through since it last had nothing to give. Without an accepted request there is
** nothing to learn: a server that refuses everything has an outage, not a rate. */
static void learn(Pace *p, double now) {
  double margin = p->opt.rate_margin, n = p->accepted;
  if (margin <= 0) return;
  p->accepted = 0;
  p->learns++;
  double since = p->learned_at;
  p->learned_at = now;
  if (n <= 0) return;
  double low = n / fmax(now - since, fmax(p->opt.learn_s, EPSILON)), high = low, weight = 1;
  if (p->learned.rate > 0) {
    grow_learned(p, now);
    high = fmax(low, p->learned.rate);
    weight = fmin(0.5, n / (2 * ENOUGH));     /* a pause with a few requests behind it says little */
  }
  p->base = pow(low, weight) * pow(high, 1 - weight) * (1 - margin);
  p->step = high * (1 + margin) / p->base - 1 + 1 / n;   /* a count of n may be off by one */
  set_learned(p, p->base);
  p->learned.level = 0;
  p->learned.at = now;
  p->period_from = p->paused_until;
}

/* May what a request sent at sent_at met change something that changed n times, last at `last`? */
static int is_news(double sent_at, double now, int n, double last, double least_s) {
  return n == 0 || (now - last >= least_s && sent_at >= last);
}

void pace_refused(Pace *p, double seconds, double sent_at, double now) {
  p->paused_until = fmax(p->paused_until, now + seconds);
  if (is_news(sent_at, now, p->learns, p->learned_at, p->opt.learn_s)) learn(p, now);
  if (p->learned.rate <= 0) p->frozen_until = fmax(p->frozen_until, now + p->opt.window_s);
  if (!is_news(sent_at, now, p->cuts, p->cut_at, p->opt.window_s)) return;
  p->window = fmax(p->opt.min, p->window * p->opt.cut);
  p->slow_start = 0;
  p->cut_at = now;
  p->cuts++;
}

void pace_troubled(Pace *p, double seconds, double now) {
  if (seconds > 0) p->paused_until = fmax(p->paused_until, now + seconds);
  p->frozen_until = fmax(p->frozen_until, now + p->opt.window_s);
}

double pace_rate(const Pace *p) { return p->learned.rate; }
