/* modules/http/pace.h - how fast to ask: what a server has granted, and what it turns out to grant.
**
** Three brakes, of which the strictest holds:
** - Token buckets (requests, input tokens, output tokens), each only where somebody names a limit.
** - A window of requests in flight that adapts: it doubles a round until the first refusal for rate,
**   then grows by a step a round and is cut by a factor at a refusal, once a window of time. (Additive
**   increase, multiplicative decrease: Chiu and Jain, "Analysis of the increase and decrease
**   algorithms", 1989.)
** - A learned rate, which exists from the first refusal on. A window alone cannot hold a rate where
**   replies are quick: one request at a time of 5 ms is 200 a second. From one refusal to the next a
**   server's bucket goes from empty to empty, so that what it accepted in between, by time, is at
**   most its rate, and the learned rate at which it refused is at least its rate. The next learned
**   rate starts between the two (at their geometric mean once enough were accepted to tell), less a
**   margin, and climbs over one probe period to a margin over the upper one; each further period
**   without a refusal doubles the growth, so that a limit that was lifted is found out. Periods begin
**   short, when little is known, and double each time up to the full one. Where a rate is
**   learned, the window grows fast again: it is no longer the brake.
**
** Time is an argument, in seconds of any steady clock, so that a test needs no waiting. No Lua, no
** sockets, no randomness. */
#ifndef TAMIS_PACE_H
#define TAMIS_PACE_H

#include "core/error.h"

typedef enum PaceBucket { PACE_REQUESTS, PACE_INPUT, PACE_OUTPUT, PACE_BUCKETS } PaceBucket;

typedef struct PaceOptions {
  double start, min, max;      /* requests in flight; 1 <= min <= start <= max */
  double increase;             /* requests added to the window by a whole window of good replies */
  double cut;                  /* times the window at a refusal; over 0, under 1 */
  double window_s;             /* the window is cut at most once in this time; also how long its growth rests */
  double rate_margin;          /* a share by which the learned rate starts low and ends high; 0: none is learned */
  double learn_s;              /* a rate is learned at most once in this time, the first from so long at least */
  double probe_s;              /* a full probe period lasts this long, and */
  double probe_requests;       /* at least this many requests */
} PaceOptions;

typedef struct Bucket {
  double rate, burst;          /* tokens a second, tokens at most; rate 0: no limit */
  double level, at;            /* tokens at time `at`; under 0 after a request larger than the burst */
} Bucket;

typedef struct Pace {
  PaceOptions opt;
  Bucket bucket[PACE_BUCKETS], learned;
  double window;               /* requests in flight at most, the fraction that grows included */
  int slow_start;
  double paused_until, frozen_until;
  double cut_at;               /* the last cut of the window */
  double learned_at, accepted; /* when a rate was last learned, or the start; requests accepted since */
  double period_from, step;    /* of the learned rate: this probe period, and the share it grows by over it */
  double base;                 /* the learned rate at period_from */
  int cuts, learns;            /* how often the window was cut, and a rate learned */
} Pace;

/* 0, or -1 with err worded where an option is out of range. */
int pace_init(Pace *p, const PaceOptions *opt, double now, Error *err);
/* Sets or changes a limit: tokens a second (0: none) and the most that gather. level: what is there
** now; under 0: what was, at most burst (a new limit starts full). */
void pace_limit(Pace *p, PaceBucket which, double rate, double burst, double level, double now);
/* Gives back (or, under 0, takes) tokens that a request turned out not to need (or to need). */
void pace_credit(Pace *p, PaceBucket which, double tokens, double now);

/* May a request that needs need[PACE_BUCKETS] tokens leave, with in_flight out? 0: it may, and its
** tokens are taken. Else the seconds to wait before it is worth asking again; HUGE_VAL where only a
** reply can change the answer. A request larger than a burst leaves when the bucket is full. */
double pace_admit(Pace *p, const double need[PACE_BUCKETS], int in_flight, double now);

/* A reply that the server's limits let through. in_flight: how many were out, this one included. */
void pace_accepted(Pace *p, int in_flight, double now);
/* A refusal for rate: nothing leaves for `seconds`, the window is cut and a rate learned, each at most
** once in its time, and not from a request that was sent (sent_at) before the last such. */
void pace_refused(Pace *p, double seconds, double sent_at, double now);
/* A fault that says nothing about rate: the window stops growing for a window_s. seconds > 0 also
** holds everything back that long. */
void pace_troubled(Pace *p, double seconds, double now);
double pace_rate(const Pace *p);   /* the learned rate, requests a second; 0 if there is none */

#endif
