/* tests/test_reader_memory.c - the reader when memory runs out: every allocation from the n-th on is
** refused, for n = 1, 2, 3 … until a load passes. Each failure says so, and leaves nothing behind. */
#include "check.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#include "corpus_files.h"

#ifndef SANITIZED
static long allowed = -1;   /* allocations still granted; negative: all */
static long live;           /* blocks not yet freed */

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void __libc_free(void *p);

static int refuse(void) {
  if (allowed < 0) return 0;
  if (allowed == 0) return 1;
  allowed--;
  return 0;
}
static void *count(void *p) {
  live += p != NULL;
  return p;
}
void *malloc(size_t n) { return refuse() ? NULL : count(__libc_malloc(n)); }
void *calloc(size_t n, size_t size) { return refuse() ? NULL : count(__libc_calloc(n, size)); }
void *realloc(void *p, size_t n) {
  if (p == NULL) return malloc(n);
  return refuse() ? NULL : __libc_realloc(p, n);
}
void free(void *p) {
  live -= p != NULL;
  __libc_free(p);
}

static void sweep(const char *path) {
  Format *formats[] = { chat_format(), pairs_format() };
  SourceAttr attr = { (char *)(uintptr_t)"team", (char *)(uintptr_t)"red" };
  SourceSpec spec = { .path = path, .kind = "expert", .attr = &attr, .nattr = 1 };
  LoadOptions o = { .source = &spec, .nsources = 1, .formats = formats, .nformats = 2, .id_path = "id", .spool_dir = files_dir };
  Error err;
  int passed = 0, worded = 1, clean = 1;
  corpus_unref(corpus_load(&o, &err));   /* what libraries allocate once */
  for (long n = 0; !passed && n < 2000; n++) {
    long before = live;
    err.text[0] = '\0';
    allowed = n;
    Corpus *c = corpus_load(&o, &err);
    allowed = -1;
    passed = c != NULL;
    if (c == NULL && err.text[0] == '\0') worded = 0;
    corpus_unref(c);
    if (live != before) clean = 0;
  }
  CHECK(passed);
  CHECK(worded);
  CHECK(clean);
  for (int i = 0; i < 2; i++) format_unref(formats[i]);
}

static char many[60000];

static size_t many_rows(const char *before, const char *between, const char *after) {
  size_t n = (size_t)sprintf(many, "%s", before);
  for (int i = 0; i < 400; i++)
    n += (size_t)sprintf(many + n, "%s{\"input\":\"%d\",%s}", i > 0 ? between : "", i, i % 9 == 0 ? "\"x\":1" : "\"output\":\"a\\nb\"");
  return n + (size_t)sprintf(many + n, "%s", after);
}

static void a_mapped_file(void) { sweep(write_bytes("m.jsonl", many, many_rows("", "\n", "\n"))); }
static void an_array(void) { sweep(write_bytes("m.json", many, many_rows("[", ",", "]"))); }
static void a_gzip_file(void) {
  static char packed[20000];
  size_t n = many_rows("", "\n", "\n");
  sweep(write_bytes("m.jsonl.gz", packed, gzip_member(many, n, packed, sizeof packed)));
}
static void a_table(void) {
  size_t n = (size_t)sprintf(many, "input,output\n");
  for (int i = 0; i < 600; i++) n += (size_t)sprintf(many + n, "\"%d\",\"a \"\"b\"\"\"%s\n", i, i % 9 == 0 ? ",c" : "");
  sweep(write_bytes("m.csv", many, n));
}
#else
static void a_mapped_file(void) { SKIP("the sanitizer owns malloc"); }
#endif

int main(void) {
  file_path("");
  RUN(a_mapped_file);
#ifndef SANITIZED
  RUN(an_array);
  RUN(a_gzip_file);
  RUN(a_table);
#endif
  remove_files();
  return check_done();
}
