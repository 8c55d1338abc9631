/* tests/test_fold.c - the normalisation that duplicates are judged by. */
#include <stdlib.h>

#include "check.h"
#include "text/fold.h"

/* Does text (spaces for `pad` in front, so that blocks fall everywhere) fold to want? */
static int folds(Span text, int flags, Span want) {
  int good = 1;
  char in[4096], out[8192], expect[4096];
  for (SimdPath i = SIMD_PORTABLE; i < SIMD_PATHS; i++) {
    if (!simd_has(i)) continue;
    for (size_t pad = 0; pad < 70; pad++) {
      memset(in, 'X', pad);
      memset(expect, 'x', pad);
      memcpy(in + pad, text.ptr, text.len);
      memcpy(expect + pad, want.ptr, want.len);
      memset(in + pad + text.len, 'Y', pad);
      memset(expect + pad + want.len, 'y', pad);
      size_t n = fold_text_path(i, out, span_of(in, 2 * pad + text.len), flags, NULL);
      if (n != 2 * pad + want.len || memcmp(out, expect, n) != 0) good = 0;
    }
  }
  return good;
}
#define FOLDS(text, flags, want) CHECK(folds(span_str(text), flags, span_str(want)))
#define BARE(text, flags, want) CHECK(bare(span_str(text), flags, span_str(want)))

static int bare(Span text, int flags, Span want) {
  char out[4096];
  int good = 1;
  for (SimdPath i = SIMD_PORTABLE; i < SIMD_PATHS; i++) {
    if (!simd_has(i)) continue;
    size_t n = fold_text_path(i, out, text, flags, NULL);
    good &= n == want.len && memcmp(out, want.ptr, n) == 0;
  }
  return good;
}

static void letters_become_lower_case_and_nothing_else_changes(void) {
  FOLDS("Hello, World_9", 0, "hello, world_9");
  FOLDS("@AZ[`az{", 0, "@az[`az{");
  FOLDS("a", 0, "a");
}

static void white_space_runs_become_one_blank(void) {
  FOLDS("a \t\n\v\f\r b", 0, "a b");
  FOLDS("a\x1c\x1d\x1e\x1f" "b", 0, "a b");
  FOLDS("a\nb", 0, "a b");
  FOLDS("a\x1b\x08" "b", 0, "a\x1b\x08" "b");             /* controls that are no white space */
  FOLDS("a\xC2\x85" "b\xC2\xA0" "c", 0, "a b c");          /* NEL, no-break space */
  FOLDS("a\xE1\x9A\x80\xE2\x80\x80\xE2\x80\x8A" "b", 0, "a b");     /* ogham, en quad .. hair */
  FOLDS("a\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAF\xE2\x81\x9F\xE3\x80\x80 b", 0, "a b");
  FOLDS("a\xE2\x80\x8B" "b", 0, "a\xE2\x80\x8B" "b");      /* zero width space is none */
}

static void ends_are_trimmed(void) {
  BARE("  a  ", 0, "a");
  BARE("\xE3\x80\x80", 0, "");
  BARE("", 0, "");
  BARE("                                                                 ", 0, "");
  BARE("                                 a                                ", 0, "a");
}

static void simple_mapping_without_locale(void) {
  FOLDS("\xC3\x84\xC3\x96\xC3\x9C\xC3\x9F", 0, "\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F");   /* ÄÖÜß */
  FOLDS("\xCE\xA3", 0, "\xCF\x83");                        /* Σ to σ, no final form */
  FOLDS("\xC4\xB0", 0, "i");                               /* İ to i */
  FOLDS("\xC8\xBA", 0, "\xE2\xB1\xA5");                    /* Ⱥ grows to three bytes */
  FOLDS("\xE2\x84\xAA", 0, "k");                           /* the Kelvin sign shrinks to one */
  FOLDS("\xD0\x96\xD0\xAF", 0, "\xD0\xB6\xD1\x8F");        /* ЖЯ */
  FOLDS("\xF0\x90\x90\x80", 0, "\xF0\x90\x90\xA8");        /* Deseret, four bytes */
  FOLDS("\xC7\x85", 0, "\xC7\x86");                        /* title case ǅ */
  FOLDS("\xE4\xBD\xA0\xE5\xA5\xBD", 0, "\xE4\xBD\xA0\xE5\xA5\xBD");
}

static void punctuation_drops_before_white_space_collapses(void) {
  FOLDS("a - b", FOLD_DROP_PUNCTUATION, "a b");
  FOLDS("Don't stop!", FOLD_DROP_PUNCTUATION, "dont stop");
  FOLDS("a , . ; b", FOLD_DROP_PUNCTUATION, "a b");
  FOLDS("a.,;b", FOLD_DROP_PUNCTUATION, "ab");
  FOLDS("2+2 <= $4^`|~", FOLD_DROP_PUNCTUATION, "2+2 <= $4^`|~");
  FOLDS("!\"#%&'()*,-./:;?@[\\]_{}x", FOLD_DROP_PUNCTUATION, "x");
  FOLDS("\xE2\x80\x9Cyes\xE2\x80\x9D \xE2\x80\x94 no\xE3\x80\x82", FOLD_DROP_PUNCTUATION, "yes no");
  BARE(" ... a ... ", FOLD_DROP_PUNCTUATION, "a");
  BARE("?!", FOLD_DROP_PUNCTUATION, "");
}

static void nul_and_broken_bytes_are_copied(void) {
  CHECK(folds(span_of("A\0B", 3), 0, span_of("a\0b", 3)));
  FOLDS("\xFF\xC3(\xE2\x82" "A", 0, "\xFF\xC3(\xE2\x82" "a");
  FOLDS("\xED\xA0\x80", 0, "\xED\xA0\x80");                /* a surrogate */
}

static void ascii_is_said_of_the_result(void) {
  char out[256];
  int ascii = 1;
  fold_text(out, span_str("plain Text"), 0, &ascii);
  CHECK(ascii == 1);
  fold_text(out, span_str("a\xC2\xA0" "b"), 0, &ascii);
  CHECK(ascii == 1);
  fold_text(out, span_str("na\xC3\xAFve"), 0, &ascii);
  CHECK(ascii == 0);
}

static void every_path_gives_the_same_bytes_on_random_text(void) {
  static const char *const piece[] = { " ", " ", "\n", "\t", "a", "B", "z", "Z", ".", ",", "'", "-", "+",
                                       "\x1f", "\xC3\x89", "\xC2\xA0", "\xE2\x80\x94", "\xE4\xBD\xA0",
                                       "\xF0\x9F\x98\x80", "\xFF", "word", "The" };
  enum { PIECES = sizeof piece / sizeof *piece };
  srand(7);
  for (int round = 0; round < 20000; round++) {
    char in[600], a[1200], b[1200], again[2000];
    size_t len = 0, want = (size_t)(rand() % 200);
    int most = 2 + rand() % (PIECES - 1);   /* some rounds draw from few pieces */
    while (len < want) {
      const char *p = piece[rand() % most];
      memcpy(in + len, p, strlen(p));
      len += strlen(p);
    }
    int flags = rand() % 2 ? FOLD_DROP_PUNCTUATION : 0, ascii_a = 1, same = 1;
    size_t na = fold_text_path(SIMD_PORTABLE, a, span_of(in, len), flags, &ascii_a);
    for (SimdPath p = SIMD_PORTABLE; p < SIMD_PATHS; p++) {
      int ascii_b = 1;
      if (!simd_has(p)) continue;
      size_t nb = fold_text_path(p, b, span_of(in, len), flags, &ascii_b);
      same &= na == nb && memcmp(a, b, na) == 0 && ascii_a == ascii_b;
    }
    CHECK(same);
    CHECK(na <= fold_room(len));
    size_t nc = fold_text(again, span_of(a, na), flags, NULL);   /* folding twice changes nothing */
    CHECK(nc == na && memcmp(again, a, na) == 0);
    if (!same) return;
  }
}

int main(void) {
  RUN(letters_become_lower_case_and_nothing_else_changes);
  RUN(white_space_runs_become_one_blank);
  RUN(ends_are_trimmed);
  RUN(simple_mapping_without_locale);
  RUN(punctuation_drops_before_white_space_collapses);
  RUN(nul_and_broken_bytes_are_copied);
  RUN(ascii_is_said_of_the_result);
  RUN(every_path_gives_the_same_bytes_on_random_text);
  return check_done();
}
