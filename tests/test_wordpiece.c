/* tests/test_wordpiece.c - BERT's tokenizer: what texts are cut into, by hand from the published algorithm (BERT,
** tokenization.py, and the normalizers of huggingface/tokenizers); both paths; files that are not read */
#include <unistd.h>

#include "bert_vocab.h"
#include "check.h"
#include "embed/wordpiece.h"

#define MODEL "../shared/models/potion-base-4m-int8/tokenizer.json"

/* 0 [UNK], 1 [CLS], … */
#define PIECES "[UNK] [CLS] un ##aff ##able ! a b ##b c ab ##ab e ##e \xE4\xB8\xAD \xE5\x9B\xBD , don ' t cafe " \
               "i \xCF\x83 \xE2\x80\x99 \xE1\x84\x92 ##\xE1\x85\xA1 ##\xE1\x86\xAB [ ] cls < \xC3\xA9 A"

static char shown[1 << 16];

static const char *const NAMES[] = { "[UNK]", "[CLS]", "un", "##aff", "##able", "!", "a", "b", "##b", "c", "ab", "##ab",
  "e", "##e", "\xE4\xB8\xAD", "\xE5\x9B\xBD", ",", "don", "'", "t", "cafe", "i", "\xCF\x83", "\xE2\x80\x99",
  "\xE1\x84\x92", "##\xE1\x85\xA1", "##\xE1\x86\xAB", "[", "]", "cls", "<", "\xC3\xA9", "A" };

/* The pieces of a text by one path, between blanks. */
static const char *by_path(const Wordpiece *t, SimdPath path, const char *text, size_t len) {
  static uint32_t piece[WORDPIECE_ROOM];
  WordpieceCache *c = wordpiece_cache_new(path);
  char *p = shown;
  for (int round = 0; round < 2; round++) {             /* the second time from memory */
    p = shown;
    *p = '\0';
    for (size_t at = 0; at < len;) {
      size_t n = wordpiece_pieces(t, c, span_of(text, len), &at, piece, WORDPIECE_ROOM);
      for (size_t i = 0; i < n && p < shown + sizeof shown - 40; i++)
        p += sprintf(p, "%s%s", p > shown ? " " : "", NAMES[piece[i]]);
    }
  }
  wordpiece_cache_free(c);
  return shown;
}

static int is_cut(const Wordpiece *t, const char *text, size_t len, const char *wanted) {
  static const SimdPath paths[] = { SIMD_PORTABLE, SIMD_AVX2 };
  int right = t != NULL;
  for (int i = 0; i < 2 && t != NULL; i++) {
    if (i > 0 && !simd_has(paths[i])) continue;
    const char *got = by_path(t, paths[i], text, len);
    if (strcmp(got, wanted) == 0) continue;
    printf("\"%.*s\" by path %d: %s, not %s\n", (int)len, text, i, got, wanted);
    right = 0;
  }
  return right;
}

static Wordpiece *opened(const char *normalizer, const char *added, const char *more) {
  Error err = { "" };
  char *json = bert_json(PIECES, normalizer, added, more);
  Wordpiece *t = wordpiece_open(span_str(json), "made", &err);
  if (t == NULL) printf("%s\n", err.text);
  free(json);
  return t;
}

#define CUT(t, text, wanted) CHECK(is_cut(t, text, sizeof text - 1, wanted))

static void words_are_cut_into_the_longest_pieces(void) {
  Wordpiece *t = opened(BERT_NORMALIZER, "", "");
  CHECK(t != NULL && wordpiece_count(t) == 33 && wordpiece_unknown(t) == 0);
  CUT(t, "unaffable", "un ##aff ##able");               /* the example of BERT's own source */
  CUT(t, "unaffable!", "un ##aff ##able !");
  CUT(t, "abb", "ab ##b");                              /* not a ##b ##b */
  CUT(t, "abab", "ab ##ab");
  CUT(t, "a b", "a b");
  CUT(t, "ba", "[UNK]");                                /* b stands alone, but nothing goes on with a: the whole word */
  CUT(t, "a ba a", "a [UNK] a");
  CUT(t, "", "");
  CUT(t, " \t\r\n ", "");
  CUT(t, "zzz", "[UNK]");
  wordpiece_free(t);
}

static void case_accents_and_controls_fall_away(void) {
  Wordpiece *t = opened(BERT_NORMALIZER, "", "");
  CUT(t, "UnAffable", "un ##aff ##able");
  CUT(t, "Caf\xC3\xA9", "cafe");                        /* one code point */
  CUT(t, "Cafe\xCC\x81", "cafe");                       /* e and a combining acute */
  CUT(t, "\xCC\x81 a", "a");                            /* a mark alone is nothing */
  CUT(t, "a\x01" "b", "ab");                            /* a control character does not part */
  CUT(t, "a\0b", "ab");
  CUT(t, "a\xC2\xAD" "b", "ab");                        /* U+00AD, format */
  CUT(t, "a\xE2\x80\x8B" "b", "ab");                    /* U+200B, format */
  CUT(t, "a\xEF\xBF\xBD" "b", "ab");                    /* U+FFFD */
  CUT(t, "a\x80" "b", "ab");                            /* no UTF-8: counts as U+FFFD */
  CUT(t, "a\xC2\x85" "b", "ab");                        /* U+0085 is a control character before it is white space */
  CUT(t, "\xC4\xB0", "i");                              /* U+0130: I and a dot, which goes */
  CUT(t, "\xCE\xA3", "\xCF\x83");                       /* capital sigma, in no context */
  CUT(t, "\xED\x95\x9C", "\xE1\x84\x92 ##\xE1\x85\xA1 ##\xE1\x86\xAB");   /* U+D55C is U+1112 U+1161 U+11AB */
  CUT(t, "\xE2\x89\xAE" "a", "< a");                    /* U+226E decomposes to <, which is punctuation */
  wordpiece_free(t);
}

static void white_space_punctuation_and_chinese_part_words(void) {
  Wordpiece *t = opened(BERT_NORMALIZER, "", "");
  CUT(t, "a\xC2\xA0" "b\xE3\x80\x80" "c", "a b c");     /* U+00A0, U+3000 */
  CUT(t, "a,b", "a , b");
  CUT(t, "don't", "don ' t");
  CUT(t, "don\xE2\x80\x99t", "don \xE2\x80\x99 t");     /* U+2019 */
  CUT(t, "!!", "! !");
  CUT(t, "a$b", "a [UNK] b");                           /* all that ASCII has beside letters and digits */
  CUT(t, "a\xE4\xB8\xAD\xE5\x9B\xBD" "b", "a \xE4\xB8\xAD \xE5\x9B\xBD b");
  wordpiece_free(t);
}

static void options_of_the_normalizer_hold(void) {
  Wordpiece *t = opened("{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":false,"
                        "\"strip_accents\":false,\"lowercase\":true}", "", "");
  CUT(t, "A", "a");
  CUT(t, "\xC3\x89", "\xC3\xA9");                       /* case without accents */
  CUT(t, "e\xCC\x81", "[UNK]");
  CUT(t, "\xE4\xB8\xAD\xE5\x9B\xBD", "[UNK]");          /* one word of two */
  CUT(t, "\xE4\xB8\xAD", "\xE4\xB8\xAD");
  wordpiece_free(t);
  t = opened("{\"type\":\"BertNormalizer\",\"clean_text\":false,\"handle_chinese_chars\":true,"
             "\"strip_accents\":null,\"lowercase\":false}", "", "");
  CUT(t, "A", "A");
  CUT(t, "\xC3\xA9", "\xC3\xA9");                       /* null: accents go as case does */
  CUT(t, "a\x01" "b", "[UNK]");
  CUT(t, "a\0b", "[UNK]");
  CUT(t, "a\x0B" "b", "a b");                           /* white space, where it is no control character */
  wordpiece_free(t);
  t = opened("null", "", "");
  CUT(t, "A a", "A a");
  CUT(t, "\xE4\xB8\xAD\xE5\x9B\xBD", "[UNK]");
  wordpiece_free(t);
}

static void long_words_are_unknown_and_long_texts_come_in_parts(void) {
  static char text[40000];
  Wordpiece *t = opened(BERT_NORMALIZER, "", ",\"max_input_chars_per_word\":6");
  CUT(t, "abbbbb", "ab ##b ##b ##b ##b");
  CUT(t, "abbbbbb", "[UNK]");
  CUT(t, "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", "e ##e ##e ##e ##e ##e");   /* characters, not bytes */
  wordpiece_free(t);
  t = opened(BERT_NORMALIZER, "", "");
  memset(text, 'b', 101);
  CHECK(is_cut(t, text, 101, "[UNK]"));                 /* more than 100 */
  char wanted[600] = "b";
  for (int i = 1; i < 100; i++) strcat(wanted, " ##b");
  CHECK(is_cut(t, text, 100, wanted));
  /* 10,000 Chinese characters without a blank: many calls, each its share */
  for (size_t i = 0; i + 3 <= 30000; i += 3) memcpy(text + i, "\xE4\xB8\xAD", 3);
  static uint32_t piece[WORDPIECE_ROOM];
  WordpieceCache *c = wordpiece_cache_new(simd_best());
  size_t at = 0, n = 0, calls = 0, others = 0;
  for (; at < 30000; calls++) {
    size_t got = wordpiece_pieces(t, c, span_of(text, 30000), &at, piece, WORDPIECE_ROOM);
    for (size_t i = 0; i < got; i++) others += piece[i] != 14;
    n += got;
  }
  CHECK(n == 10000 && others == 0 && calls > 1);
  wordpiece_cache_free(c);
  wordpiece_free(t);
}

/* Far more words than are remembered, each cut anew where it was forgotten: the same pieces as the first time. */
static void forgetting_changes_nothing(void) {
  Wordpiece *t = opened(BERT_NORMALIZER, "", "");
  WordpieceCache *c = wordpiece_cache_new(simd_best());
  static uint32_t piece[WORDPIECE_ROOM];
  size_t wrong = 0;
  for (int round = 0; round < 2; round++) {
    for (unsigned i = 0; i < 300000; i++) {
      char word[18] = "";
      for (unsigned k = 0; k < 18; k++) word[k] = i >> k & 1 ? 'e' : 'b';
      size_t at = 0, len = i % 17 + 1, n = wordpiece_pieces(t, c, span_of(word, len), &at, piece, WORDPIECE_ROOM);
      wrong += n != len || piece[0] != (word[0] == 'e' ? 12u : 7u);
      for (size_t k = 1; k < n; k++) wrong += piece[k] != (word[k] == 'e' ? 13u : 8u);
    }
  }
  CHECK(wrong == 0);
  wordpiece_cache_free(c);
  wordpiece_free(t);
}

static void added_tokens_stand_as_they_are_written(void) {
  Wordpiece *t = opened(BERT_NORMALIZER, BERT_SPECIAL(1, "[CLS]"), "");
  CUT(t, "[CLS]", "[CLS]");
  CUT(t, "a[CLS]b", "a [CLS] b");
  CUT(t, "[cls]", "[ cls ]");
  CUT(t, "[CLS", "[ cls");
  wordpiece_free(t);
  t = opened(BERT_NORMALIZER, "", "");
  CUT(t, "[CLS]", "[ cls ]");
  wordpiece_free(t);
}

static int refused(const char *json, const char *why) {
  Error err = { "" };
  Wordpiece *t = wordpiece_open(span_str(json), "made", &err);
  wordpiece_free(t);
  if (t == NULL && strstr(err.text, why) != NULL) return 1;
  printf("%s, not %s\n", t != NULL ? "read" : err.text, why);
  return 0;
}

static int refused_with(const char *normalizer, const char *added, const char *more, const char *why) {
  char *json = bert_json(PIECES, normalizer, added, more);
  int r = refused(json, why);
  free(json);
  return r;
}

static void other_files_are_refused_in_a_sentence(void) {
  CHECK(refused("", "made is not JSON (at byte 0)"));
  CHECK(refused("[]", "made is no object of a tokenizer"));
  CHECK(refused("{}", "made: its model is of the type none"));
  CHECK(refused("{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\",-1.0]]}}",
                "made: its model is of the type Unigram; of the tokenizers of static models only WordPiece is read"));
  CHECK(refused("{\"model\":{\"type\":\"BPE\",\"vocab\":{}}}", "its model is of the type BPE"));
  CHECK(refused("{\"model\":{\"type\":\"WordPiece\"}}", "model.vocab is no object of pieces"));
  CHECK(refused("{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":-1}}}", "the piece \"a\" has no number"));
  CHECK(refused("{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":1.5}}}", "the piece \"a\" has no number"));
  CHECK(refused("{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":1}}}",
                "model.unk_token \"[UNK]\" is not in its vocabulary"));
  CHECK(refused("{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"[UNK]\":0}},"
                "\"pre_tokenizer\":{\"type\":\"ByteLevel\"}}",
                "the pre_tokenizer ByteLevel; of them only BertPreTokenizer is read"));
  CHECK(refused_with("{\"type\":\"NFKC\"}", "", "", "the normalizer NFKC; of them only BertNormalizer is read"));
  CHECK(refused_with("{\"type\":\"BertNormalizer\",\"lowercase\":1}", "", "", "normalizer.lowercase is a number"));
  CHECK(refused_with(BERT_NORMALIZER, "", ",\"max_input_chars_per_word\":5000",
                     "max_input_chars_per_word is not a number from 1 to 1000"));
  CHECK(refused_with(BERT_NORMALIZER, "", ",\"continuing_subword_prefix\":7", "continuing_subword_prefix is no text"));
  CHECK(refused_with(BERT_NORMALIZER, BERT_SPECIAL(1, "new york"), "", "the added token \"new york\""));
  CHECK(refused_with(BERT_NORMALIZER, BERT_SPECIAL(1, "a\\u001b[31m"), "", "the added token \"a\\x1b[31m\""));
  CHECK(refused_with(BERT_NORMALIZER, "{\"content\":\"[X]\"}", "", "added_tokens[0] has no content and id"));
}

static void the_published_vocabulary_cuts_english(void) {
  static char json[1 << 20];
  static uint32_t piece[WORDPIECE_ROOM];
  Error err = { "" };
  FILE *f = fopen(MODEL, "rb");
  if (f == NULL) SKIP("no " MODEL);
  size_t len = fread(json, 1, sizeof json, f), at = 0;
  fclose(f);
  Wordpiece *t = wordpiece_open(span_of(json, len), MODEL, &err);
  CHECK(t != NULL && wordpiece_count(t) == 29528 && wordpiece_unknown(t) == 1);
  if (t == NULL) return;
  WordpieceCache *c = wordpiece_cache_new(simd_best());
  Span text = span_str("!\"#");                          /* in the file the pieces 5, 6 and 7 */
  CHECK(wordpiece_pieces(t, c, text, &at, piece, WORDPIECE_ROOM) == 3);
  CHECK(at == 3 && piece[0] == 5 && piece[1] == 6 && piece[2] == 7);
  wordpiece_cache_free(c);
  wordpiece_free(t);
}

int main(void) {
  RUN(words_are_cut_into_the_longest_pieces);
  RUN(case_accents_and_controls_fall_away);
  RUN(white_space_punctuation_and_chinese_part_words);
  RUN(options_of_the_normalizer_hold);
  RUN(long_words_are_unknown_and_long_texts_come_in_parts);
  RUN(forgetting_changes_nothing);
  RUN(added_tokens_stand_as_they_are_written);
  RUN(other_files_are_refused_in_a_sentence);
  RUN(the_published_vocabulary_cuts_english);
  return check_done();
}
