/* tests/bench/bench_rows.c - dates in texts, JSON as trees, and JSON Schema, a CPU second; and what twice the text
** costs, of plain texts and of those made to cost most. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/buf.h"
#include "rules/dates.h"
#include "rules/rules.h"
#include "schema/answer.h"
#include "schema/schema.h"

enum { TIMES = 5 };

static double cpu(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static Buf repeated(const char *before, const char *piece, const char *after, size_t len) {
  Buf b = { 0 };
  int bad = buf_str(&b, before);
  while (bad == 0 && b.len < len) bad = buf_str(&b, piece);
  if (bad != 0 || buf_str(&b, after) != 0) exit(1);
  return b;
}

static size_t sink;

static void find_dates(Span text) {
  DateFound f;
  for (size_t at = 0; dates_next(text, &at, &(DateStyle){ DATE_EARLIER, 1 }, &f);) sink += f.end;
}

static void find_urls(Span text) {
  RuleSetup s = { .wanted = ~UINT32_C(0), .word = { span_str("bit.ly"), span_str("utm_*") }, .nwords = 2, .number = { 0, 0, 1 } };
  Finding f[RULES_MAX_MEASURES];
  if (rules_run(&rules_urls, &s, text, span_of("", 0), f) == 0) sink += f[0].end;
}

static void find_answer(Span text) { sink += answer_json(text, 1).len; }

static void build(Span text) {
  static Tree t;   /* kept, as an operator keeps it */
  if (tree_build(&t, text) == 0) sink += t.n;
}

static const char *const SCHEMA =
  "{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"name\",\"size\"],\"additionalProperties\":false,"
  "\"properties\":{\"name\":{\"type\":\"string\",\"minLength\":1},\"size\":{\"enum\":[\"small\",\"large\"]},"
  "\"shots\":{\"$ref\":\"#/$defs/n\"},\"extras\":{\"type\":\"array\",\"items\":{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"string\"}]}}}},"
  "\"$defs\":{\"n\":{\"type\":\"integer\",\"minimum\":0}}}";

static void check(Span text) {
  static Tree schema, value;
  static SchemaRun run = { .max_steps = UINT64_MAX };
  if (schema.n == 0) {
    if (tree_build(&schema, span_str(SCHEMA)) != 0) exit(1);
    schema_prepare(&schema, 0);
  }
  if (tree_build(&value, text) != 0 || schema_validate(&run, (Schema){ &schema, 0 }, &value, 0) != SCHEMA_VALID) exit(1);
}

static double seconds(void (*what)(Span), Span text) {
  double best = 1e9;
  for (int t = 0; t < TIMES; t++) {
    double from = cpu(), took;
    size_t n = 0;
    do {
      what(text);
      n++;
      took = cpu() - from;
    } while (took < 0.02);
    if (took / (double)n < best) best = took / (double)n;
  }
  return best;
}

static void measure(const char *label, void (*what)(Span), const char *before, const char *piece, const char *after) {
  Buf one = repeated(before, piece, after, 64 * 1024), two = repeated(before, piece, after, 128 * 1024);
  double a = seconds(what, buf_span(&one)), b = seconds(what, buf_span(&two));
  printf("%-36s %8.1f MB/CPU s   64 KB x 2: %.2f times\n", label, (double)one.len / a / 1e6, b / a);
  buf_free(&one);
  buf_free(&two);
}

int main(void) {
  static const char *const DRINK = "{\"name\":\"latte\",\"size\":\"small\",\"shots\":2,\"extras\":[\"milk\",null]},";
  static const char *const PLAIN = "Your order of 12 cups was made in the morning, and left us on time. ";
  measure("dates, plain text", find_dates, "", PLAIN, "");
  measure("dates, one a line", find_dates, "", "It shipped on March 5, 2026, and came on 2026-03-09.\n", "");
  measure("dates, all but dates", find_dates, "", "1-1/1.2026-0 5 of march 5th 12/", "");
  measure("urls, all but URLs", find_urls, "", "http:[](://](%www.", "");
  measure("urls, open brackets", find_urls, "", "[a](", "");
  measure("urls, one open URL", find_urls, "http://a.b/", "%(a", "");
  measure("JSON in prose", find_answer, "It is ", "{\"a\":1,", "");
  measure("fences without JSON", find_answer, "", "```lua\nx = 1\n```\n", "");
  measure("tree of a row", build, "[", DRINK, "0]");
  measure("tree, nested", build, "[", "[[[[[[]]]]]],", "0]");
  measure("tree and schema of answers", check, "[", DRINK, "{\"name\":\"x\",\"size\":\"large\"}]");
  return sink == 0;
}
