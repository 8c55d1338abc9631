/* tests/bench/make_rows.c - writes N made-up rows of about BYTES characters of text to stdout.
**   make_rows N BYTES [SEED]
** Words come from a made vocabulary by Zipf's law; sentences, line feeds and quotes as support
** answers have them; one row in five is a near copy (up to 10% of its words changed) of one of
** the 1,000 rows before it, one in fifty an exact copy, one in sixty holds an e-mail address or
** a phone number, one in twenty some non-ASCII words. The same arguments, the same bytes. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VOCABULARY = 8000, RING = 1000, MAX_WORDS = 4096 };

static uint64_t state;
static uint64_t next_random(void) {   /* splitmix64, Steele, Lea, Flood 2014 */
  uint64_t z = (state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}
static unsigned below(unsigned n) { return (unsigned)(next_random() % n); }

static char word[VOCABULARY][16];
static double cumulative[VOCABULARY];
typedef struct Text { uint16_t n, input; uint16_t w[MAX_WORDS]; } Text;
static Text ring[RING];

static void make_vocabulary(void) {
  static const char *const onset[] = { "b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "r", "s", "t", "st", "tr", "pl", "ch", "" };
  static const char *const vowel[] = { "a", "e", "i", "o", "u", "ea", "ou" };
  static const char *const coda[] = { "", "", "n", "r", "s", "t", "ck", "ng", "ll" };
  double sum = 0;
  for (int i = 0; i < VOCABULARY; i++) {
    unsigned syllables = 1 + below(3);
    for (unsigned s = 0; s < syllables; s++) {
      size_t used = strlen(word[i]);
      snprintf(word[i] + used, sizeof word[i] - used, "%s%s%s", onset[below(18)], vowel[below(7)], coda[below(9)]);
    }
    if (i % 97 == 13) memcpy(word[i], "caf\xC3\xA9", 6);
    sum += 1.0 / pow(i + 3, 0.95);
    cumulative[i] = sum;
  }
  for (int i = 0; i < VOCABULARY; i++) cumulative[i] /= sum;
}

static uint16_t pick_word(void) {
  double u = (double)(next_random() >> 11) / 9007199254740992.0;
  int lo = 0, hi = VOCABULARY - 1;
  while (lo < hi) {
    int mid = (lo + hi) / 2;
    if (cumulative[mid] < u) lo = mid + 1; else hi = mid;
  }
  return (uint16_t)lo;
}

static void make_text(Text *t, size_t bytes) {
  size_t used = 0;
  t->n = 0;
  while (used < bytes && t->n < MAX_WORDS) {
    uint16_t w = pick_word();
    t->w[t->n++] = w;
    used += strlen(word[w]) + 1;
  }
  t->input = (uint16_t)(t->n / 5 + 1);
}

static void edit_text(Text *t) {
  unsigned share = below(11);   /* percent of words changed */
  for (unsigned i = 0; i < t->n; i++)
    if (below(100) < share) t->w[i] = pick_word();
}

static void put_words(const Text *t, unsigned from, unsigned to, int rich) {
  for (unsigned i = from; i < to; i++) {
    const char *w = word[t->w[i]];
    if (w[0] == 'c' && (unsigned char)w[3] >= 0x80 && t->w[0] % 20 != 0) w = "cafe";
    int quoted = rich && t->w[i] % 61 == 7;
    if (quoted) printf("\\\"%s\\\"", w); else fputs(w, stdout);
    if (i + 1 < to) fputs(t->w[i] % 13 == 5 ? ". " : rich && t->w[i] % 47 == 9 ? ".\\n" : " ", stdout);
  }
}

int main(int argc, char **argv) {
  if (argc < 3) return fprintf(stderr, "usage: make_rows N BYTES [SEED]\n"), 2;
  size_t n = strtoull(argv[1], NULL, 10), bytes = strtoull(argv[2], NULL, 10);
  state = argc > 3 ? strtoull(argv[3], NULL, 10) : 42;
  make_vocabulary();
  for (size_t row = 0; row < n; row++) {
    Text *t = &ring[row % RING];
    unsigned kind = below(100);
    if (row > 0 && kind < 22) {
      *t = ring[(row - 1 - below(row < RING - 1 ? (unsigned)row : RING - 1)) % RING];
      if (kind >= 2) edit_text(t);
    } else {
      make_text(t, bytes);
    }
    printf("{\"ticket_id\":\"T-%07zu\",\"input\":\"", row);
    put_words(t, 0, t->input, 0);
    fputs("?\",\"output\":\"", stdout);
    put_words(t, t->input, t->n, t->n % 3 == 0);
    if (kind >= 22 && t->w[1] % 60 == 11) printf(" write to user%u@mail%u.net or call (212) 555-%04u", below(10000), below(90), below(10000));
    printf(".\",\"topic\":\"t%u\",\"created_at\":\"2024-%02u-%02uT10:00:00Z\"}\n", t->w[2] % 40u, 1 + below(12), 1 + below(28));
  }
  return fflush(stdout) != 0;
}
