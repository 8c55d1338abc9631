/* tests/test_bag.c - the features of a text, against a few lines that cut it the plain way. */
#include <stdlib.h>

#include "text/bag.h"
#include "check.h"

static size_t read_kinds(Bag *b, const char *s, unsigned kinds) {
  CHECK(bag_read(b, span_str(s), kinds) == 0);
  return b->n;
}

static void words_and_pairs_stand_in_their_order(void) {
  Bag a = { 0 }, b = { 0 };
  CHECK(read_kinds(&a, "Reset my  password.", BAG_WORDS | BAG_BIGRAMS) == 5);
  CHECK(a.words == 3);
  unsigned kinds[5] = { BAG_WORD, BAG_WORD, BAG_BIGRAM, BAG_WORD, BAG_BIGRAM };
  for (int i = 0; i < 5; i++) CHECK((a.hash[i] & BAG_KIND) == kinds[i]);
  CHECK(read_kinds(&b, "PASSWORD", BAG_WORDS | BAG_BIGRAMS) == 1 && b.hash[0] == a.hash[3]);
  CHECK(read_kinds(&b, "my-password", BAG_BIGRAMS) == 1 && b.hash[0] == a.hash[4]);
  CHECK(read_kinds(&b, "password my", BAG_BIGRAMS) == 1 && b.hash[0] != a.hash[4]);
  bag_free(&a);
  bag_free(&b);
}

static void texts_without_words_have_no_features(void) {
  Bag b = { 0 };
  CHECK(read_kinds(&b, "", BAG_WORDS | BAG_BIGRAMS | BAG_CHARS) == 0);
  CHECK(read_kinds(&b, " ...?! \n", BAG_WORDS | BAG_BIGRAMS) == 0);
  CHECK(bag_count(&b) == 0 && b.n == 0);
  CHECK(read_kinds(&b, "ab", BAG_CHARS) == 0);
  CHECK(read_kinds(&b, "abc", BAG_CHARS) == 1);
  CHECK(read_kinds(&b, "abcdef", BAG_CHARS) == 4 + 3 + 2);   /* runs of 3, 4 and 5 */
  bag_free(&b);
}

static void characters_of_scripts_without_spaces_are_words(void) {
  Bag b = { 0 };
  CHECK(read_kinds(&b, "你好 world", BAG_WORDS) == 3);
  CHECK(read_kinds(&b, "你好。world", BAG_WORDS) == 3);
  CHECK(read_kinds(&b, "Größe — naïve “quoted”", BAG_WORDS) == 3);
  uint64_t word = b.hash[0];
  CHECK(read_kinds(&b, "GRÖßE", BAG_WORDS) == 1 && b.hash[0] == word);
  bag_free(&b);
}

static void counting_keeps_first_places_and_loses_nothing(void) {
  Bag b = { 0 };
  CHECK(read_kinds(&b, "a b a b a c", BAG_WORDS) == 6);
  uint64_t first = b.hash[0], second = b.hash[1], last = b.hash[5];
  CHECK(bag_count(&b) == 0 && b.n == 3);
  CHECK(b.hash[0] == first && b.hash[1] == second && b.hash[2] == last);
  CHECK(b.count[0] == 3 && b.count[1] == 2 && b.count[2] == 1);
  bag_free(&b);
}

/* Random texts of few letters, with words across the ends of blocks of 64. */
static void both_paths_cut_alike(void) {
  static const char ALPHABET[] = "abz09_ AZ.,'\n-~";
  Bag a = { 0 }, b = { 0 };
  uint64_t seed = 11;
  for (int t = 0; t < 3000; t++) {
    char text[300];
    size_t len = 0, want = (size_t)(seed >> 33) % sizeof text;
    for (; len < want; len++) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      size_t k = (size_t)(seed >> 33) % (sizeof ALPHABET - 1 + (t % 3) * 20);
      text[len] = k < sizeof ALPHABET - 1 ? ALPHABET[k] : (char)('c' + k % 20);
    }
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    CHECK(bag_read_path(SIMD_PORTABLE, &a, span_of(text, len), BAG_WORDS | BAG_BIGRAMS) == 0);
    CHECK(bag_read(&b, span_of(text, len), BAG_WORDS | BAG_BIGRAMS) == 0);
    CHECK(a.n == b.n && a.words == b.words && (a.n == 0 || memcmp(a.hash, b.hash, a.n * sizeof *a.hash) == 0));
  }
  bag_free(&a);
  bag_free(&b);
}

/* 40,000 words of 1 to 20 letters: no two share their 64 bits; buckets and places are even within 6 deviations. */
static void hashes_spread(void) {
  enum { WORDS = 40000, BUCKETS = 64 };
  Bag b = { 0 };
  char *text = malloc(WORDS * 24);
  size_t len = 0, buckets[BUCKETS] = { 0 }, places[BUCKETS] = { 0 }, minus = 0;
  for (int i = 0; i < WORDS; i++) len += (size_t)sprintf(text + len, "%.*sw%d ", i % 15, "aaaaaaaaaaaaaaaaaa", i);
  CHECK(bag_read(&b, span_of(text, len), BAG_WORDS) == 0);
  CHECK(bag_count(&b) == 0 && b.n == WORDS);
  for (size_t i = 0; i < b.n; i++) {
    buckets[bag_bucket(b.hash[i], BUCKETS)]++;
    places[bag_place(b.hash[i], BUCKETS)]++;
    minus += bag_sign(b.hash[i]);
  }
  for (int k = 0; k < BUCKETS; k++) {
    CHECK(buckets[k] > 625 - 150 && buckets[k] < 625 + 150);
    CHECK(places[k] > 625 - 150 && places[k] < 625 + 150);
  }
  CHECK(minus > WORDS / 2 - 600 && minus < WORDS / 2 + 600);
  bag_free(&b);
  free(text);
}

int main(void) {
  RUN(words_and_pairs_stand_in_their_order);
  RUN(texts_without_words_have_no_features);
  RUN(characters_of_scripts_without_spaces_are_words);
  RUN(counting_keeps_first_places_and_loses_nothing);
  RUN(both_paths_cut_alike);
  RUN(hashes_spread);
  return check_done();
}
