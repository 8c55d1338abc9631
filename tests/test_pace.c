/* tests/test_pace.c - how fast to ask, on a clock of the test's own.
** The server of the simulations is a token bucket: it accepts a request if a token is there, else it
** refuses with 429, quickly. Figures are counted from the second minute on: a server that lets a
** minute of its rate gather refuses nothing at first. */
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "http/pace.h"

static const double NEED[PACE_BUCKETS] = { 1, 0, 0 };
static const PaceOptions OPTIONS = { .start = 20, .min = 1, .max = 256, .increase = 1, .cut = 0.8, .window_s = 1,
                                     .rate_margin = 0.02, .learn_s = 1, .probe_s = 60, .probe_requests = 300 };

static Pace pace(PaceOptions o) {
  Pace p;
  Error err;
  CHECK(pace_init(&p, &o, 0, &err) == 0);
  return p;
}

static void options_out_of_range_are_refused(void) {
  Error err;
  Pace p;
  PaceOptions o = OPTIONS;
  o.min = 30;
  CHECK(pace_init(&p, &o, 0, &err) == -1 && strstr(err.text, "min <= start") != NULL);
  o = OPTIONS;
  o.cut = 1;
  CHECK(pace_init(&p, &o, 0, &err) == -1 && strstr(err.text, "cut < 1") != NULL);
  o = OPTIONS;
  o.max = NAN;
  CHECK(pace_init(&p, &o, 0, &err) == -1);
}

static void a_bucket_lets_its_burst_through_and_then_its_rate(void) {
  Pace p = pace(OPTIONS);
  pace_limit(&p, PACE_REQUESTS, 2, 3, -1, 0);
  for (int i = 0; i < 3; i++) CHECK(pace_admit(&p, NEED, 0, 0) == 0);
  CHECK(fabs(pace_admit(&p, NEED, 0, 0) - 0.5) < 1e-9);
  CHECK(fabs(pace_admit(&p, NEED, 0, 0.25) - 0.25) < 1e-9);
  CHECK(pace_admit(&p, NEED, 0, 0.5) == 0);
  CHECK(pace_admit(&p, NEED, 0, 0.5) > 0);
}

static void the_strictest_bucket_decides_and_a_refused_one_costs_nothing(void) {
  const double need[PACE_BUCKETS] = { 1, 1000, 100 };
  Pace p = pace(OPTIONS);
  pace_limit(&p, PACE_REQUESTS, 100, 100, -1, 0);
  pace_limit(&p, PACE_INPUT, 1000, 1500, -1, 0);
  CHECK(pace_admit(&p, need, 0, 0) == 0);
  CHECK(fabs(pace_admit(&p, need, 0, 0) - 0.5) < 1e-9);
  CHECK(p.bucket[PACE_REQUESTS].level == 99);
  pace_credit(&p, PACE_INPUT, 500, 0);
  CHECK(pace_admit(&p, need, 0, 0) == 0);
}

static void a_request_larger_than_the_burst_leaves_on_a_full_bucket_and_is_paid_for(void) {
  const double need[PACE_BUCKETS] = { 1, 5000, 0 };
  Pace p = pace(OPTIONS);
  pace_limit(&p, PACE_INPUT, 1000, 2000, -1, 0);
  CHECK(pace_admit(&p, need, 0, 0) == 0);
  CHECK(p.bucket[PACE_INPUT].level == -3000);
  CHECK(fabs(pace_admit(&p, NEED, 0, 0)) == 0);                 /* needs no input token */
  CHECK(fabs(pace_admit(&p, need, 0, 0) - 5) < 1e-9);           /* from -3000 to 2000 */
}

static void a_limit_changes_while_running(void) {
  Pace p = pace(OPTIONS);
  pace_limit(&p, PACE_REQUESTS, 10, 10, 4, 0);                  /* the server says: 4 remain */
  for (int i = 0; i < 4; i++) CHECK(pace_admit(&p, NEED, 0, 0) == 0);
  CHECK(pace_admit(&p, NEED, 0, 0) > 0);
  pace_limit(&p, PACE_REQUESTS, 20, 20, -1, 0);                 /* what was there stays: nothing */
  CHECK(fabs(pace_admit(&p, NEED, 0, 0) - 0.05) < 1e-9);
  pace_limit(&p, PACE_REQUESTS, 0, 0, -1, 0);
  for (int i = 0; i < 19; i++) CHECK(pace_admit(&p, NEED, i, 0) == 0);
}

static void the_window_doubles_a_round_until_the_first_refusal(void) {
  Pace p = pace(OPTIONS);
  for (int round = 0; round < 3; round++) {
    int out = (int)p.window;
    for (int i = 0; i < out; i++) pace_accepted(&p, (int)p.window, 1);
    CHECK((int)p.window == 2 * out);
  }
  CHECK(pace_admit(&p, NEED, 159, 1) == 0 && pace_admit(&p, NEED, 160, 1) == HUGE_VAL);
  for (int i = 0; i < 1000; i++) pace_accepted(&p, (int)p.window, 1);
  CHECK(p.window == 256);
  pace_refused(&p, 0, 1, 2);
  CHECK(fabs(p.window - 256 * 0.8) < 1e-9);
}

static void after_the_first_refusal_it_grows_by_a_step_a_round_or_fast_where_a_rate_is_learned(void) {
  PaceOptions o = OPTIONS;
  for (int learns = 0; learns <= 1; learns++) {
    o.rate_margin = learns ? 0.02 : 0;
    Pace p = pace(o);
    for (int i = 0; i < 20; i++) pace_accepted(&p, (int)p.window, 1);
    pace_refused(&p, 0, 1, 2);
    CHECK(fabs(p.window - 32) < 1e-9);
    for (int i = 0; i < 32; i++) pace_accepted(&p, (int)p.window, 4);
    CHECK(learns ? p.window == 64 : p.window > 32.9 && p.window < 33);   /* 1/32 + 1/32.03 + … */
  }
}

static void a_window_that_is_not_used_does_not_grow(void) {
  Pace p = pace(OPTIONS);
  for (int i = 0; i < 100; i++) pace_accepted(&p, 5, 1);
  CHECK(p.window == 20);
}

static void refusals_of_one_window_cut_once_and_all_pause(void) {
  Pace p = pace(OPTIONS);
  pace_accepted(&p, 1, 0.5);
  for (int i = 0; i < 50; i++) pace_refused(&p, 0.1, 0.9, 1);
  CHECK(p.cuts == 1 && p.window == 16);
  pace_refused(&p, 3, 0.9, 2.5);                                /* sent before the cut */
  CHECK(p.cuts == 1);
  CHECK(fabs(pace_admit(&p, NEED, 0, 2.5) - 3) < 1e-9);
  pace_refused(&p, 0, 2.4, 2.6);
  CHECK(p.cuts == 2);
}

static void a_transient_fault_freezes_growth_and_cuts_nothing(void) {
  Pace p = pace(OPTIONS);
  pace_troubled(&p, 0, 1);
  pace_accepted(&p, 20, 1.5);
  CHECK(p.window == 20 && p.cuts == 0);
  CHECK(pace_admit(&p, NEED, 0, 1.5) == 0);
  pace_accepted(&p, 20, 2.1);
  CHECK(p.window == 21);
}

static void an_outage_teaches_no_rate(void) {
  Pace p = pace(OPTIONS);
  for (int i = 0; i < 20; i++) pace_refused(&p, 2, i * 3, i * 3 + 1);
  CHECK(pace_rate(&p) == 0);
  CHECK(p.window == 1);
  CHECK(pace_admit(&p, NEED, 0, 1000) == 0);
}

/* ---- a server of R requests a second ---- */

typedef struct Flight { double at, sent; int refused; } Flight;
typedef struct Sim { double rate, burst, latency, refusal_latency; int hint; } Sim;   /* hint: see below */
typedef struct Tally { double accepted, refused; } Tally;

enum { HINT_NONE, HINT_EXACT, HINT_WHOLE };

static void push(Flight *heap, int *n, Flight f) {
  int i = (*n)++;
  for (; i > 0 && heap[(i - 1) / 2].at > f.at; i = (i - 1) / 2) heap[i] = heap[(i - 1) / 2];
  heap[i] = f;
}

static Flight pop(Flight *heap, int *n) {
  Flight top = heap[0], last = heap[--*n];
  int i = 0;
  for (int k; (k = 2 * i + 1) < *n; i = k) {
    if (k + 1 < *n && heap[k + 1].at < heap[k].at) k++;
    if (heap[k].at >= last.at) break;
    heap[i] = heap[k];
  }
  heap[i] = last;
  return top;
}

/* The delay that the caller's policy would give: the server's hint, else half a second that doubles
** with each cut in a row, up to 8. */
static double delay_of(const Sim *s, double level, int in_row) {
  double exact = (1 - level) / s->rate;
  if (s->hint == HINT_EXACT) return exact;
  if (s->hint == HINT_WHOLE) return ceil(exact);
  return fmin(8, 0.25 * pow(2, fmax(1, in_row)));
}

static Tally simulate(Sim s, double window_s, double from, double until) {
  PaceOptions o = OPTIONS;
  o.window_s = window_s;
  Pace p = pace(o);
  Flight *heap = calloc(300, sizeof *heap);
  Tally t = { 0 };
  int out = 0, in_row = 0;
  double now = 0, level = s.burst, at = 0;
  while (now < until) {
    double wait = 0;
    while (out < 256 && (wait = pace_admit(&p, NEED, out, now)) == 0) {
      level = fmin(s.burst, level + (now - at) * s.rate);
      at = now;
      int refused = level < 1;
      if (!refused) level -= 1;
      push(heap, &out, (Flight){ now + (refused ? s.refusal_latency : s.latency), now, refused });
    }
    if (out == 0 || now + wait < heap[0].at) {
      now += fmax(wait, 1e-6);
      continue;
    }
    now = fmax(now, heap[0].at);
    int busy = out;
    Flight f = pop(heap, &out);
    if (now >= from) *(f.refused ? &t.refused : &t.accepted) += 1;
    if (f.refused) {
      level = fmin(s.burst, level + (now - at) * s.rate);
      at = now;
      int cuts = p.cuts;
      pace_refused(&p, level < 1 ? delay_of(&s, level, in_row) : 0, f.sent, now);
      in_row += p.cuts - cuts;
    } else {
      in_row = 0;
      pace_accepted(&p, busy, now);
    }
  }
  free(heap);
  return t;
}

static void hold(double window_s) {
  static const double rates[] = { 10, 50, 200 };
  static const double latencies[] = { 0.002, 0.05, 0.5 };
  static const double bursts[] = { 0.2, 1, 60 };                /* seconds of the rate */
  for (size_t r = 0; r < 3; r++)
    for (size_t l = 0; l < 3; l++)
      for (size_t b = 0; b < 3; b++)
        for (int hint = HINT_NONE; hint <= HINT_WHOLE; hint++) {
          double able = 256 / latencies[l];                     /* what 256 in flight can ask for at all */
          double rate = fmin(rates[r], able * 0.9);
          Sim s = { rate, fmax(1, bursts[b] * rate), latencies[l], latencies[l] / 4, hint };
          Tally t = simulate(s, window_s, 60, 210);
          double share = t.accepted / (rate * 150), refused = t.refused / (t.accepted + t.refused);
          if (share < 0.95 || refused >= 0.01 || getenv("SHOW") != NULL)
            printf("R %g burst %gs latency %g hint %d: %.4f of R, %.4f%% refused\n",
                   rate, bursts[b], latencies[l], hint, share, refused * 100);
          CHECK(share >= 0.95);
          CHECK(refused < 0.01);
        }
}

static void the_rate_of_a_limited_server_is_held_with_few_refusals(void) {
  hold(1);
  hold(15);
}

int main(void) {
  RUN(options_out_of_range_are_refused);
  RUN(a_bucket_lets_its_burst_through_and_then_its_rate);
  RUN(the_strictest_bucket_decides_and_a_refused_one_costs_nothing);
  RUN(a_request_larger_than_the_burst_leaves_on_a_full_bucket_and_is_paid_for);
  RUN(a_limit_changes_while_running);
  RUN(the_window_doubles_a_round_until_the_first_refusal);
  RUN(after_the_first_refusal_it_grows_by_a_step_a_round_or_fast_where_a_rate_is_learned);
  RUN(a_window_that_is_not_used_does_not_grow);
  RUN(refusals_of_one_window_cut_once_and_all_pause);
  RUN(a_transient_fault_freezes_growth_and_cuts_nothing);
  RUN(an_outage_teaches_no_rate);
  RUN(the_rate_of_a_limited_server_is_held_with_few_refusals);
  return check_done();
}
