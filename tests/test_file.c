/* tests/test_file.c - a written file is whole, or it is not there and the error says why. */
#include "core/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"

static char dir[64];

static void path_of(char out[128], const char *name) { snprintf(out, 128, "%s/%s", dir, name); }

static int files_in_dir(void) {
  int n = 0;
  DIR *d = opendir(dir);
  for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) n += e->d_name[0] != '.';
  if (d != NULL) closedir(d);
  return n;
}

/* SHA-256 of "abc": FIPS 180-2, appendix B.1. */
static void a_file_is_counted_and_hashed_as_it_is_written(void) {
  char path[128];
  Error err = { "" };
  FileSum sum;
  path_of(path, "abc");
  FileWriter *w = file_create(path, 0600, &err);
  CHECK(w != NULL);
  CHECK(file_write(w, "a", 1, &err) == 0 && file_write(w, "bc", 2, &err) == 0);
  CHECK(access(path, F_OK) != 0);          /* not there before it is whole */
  CHECK(file_finish(w, &sum, &err) == 0);
  CHECK(sum.bytes == 3 && sum.lines == 0);
  CHECK(strcmp(sum.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") == 0);
  struct stat st;
  CHECK(stat(path, &st) == 0 && st.st_size == 3 && (st.st_mode & 0777) == 0600);
  unlink(path);
  CHECK(files_in_dir() == 0);
}

/* SHA-256 of "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq": FIPS 180-2, B.2. */
static void a_chain_hashes_the_bytes_of_all_files_in_a_row(void) {
  static const char *const PART[] = { "abcdbcdecdefdefgefgh", "fghighijhijkijkl", "jklmklmnlmnomnopnopq" };
  char path[128], hex[FILE_SHA256_HEX];
  Error err = { "" };
  FileChain *chain = file_chain_new();
  for (int i = 0; i < 3; i++) {
    path_of(path, "part");
    FileWriter *w = file_create(path, 0600, &err);
    file_set_chain(w, chain);
    CHECK(file_write(w, PART[i], strlen(PART[i]), &err) == 0);
    CHECK(file_finish(w, NULL, &err) == 0);
  }
  CHECK(file_chain_hex(chain, hex) == 0);
  CHECK(strcmp(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1") == 0);
  file_chain_free(chain);
  unlink(path);
}

static void a_file_larger_than_the_buffer_keeps_every_byte(void) {
  char path[128];
  Error err = { "" };
  FileSum sum;
  path_of(path, "large");
  FileWriter *w = file_create(path, 0600, &err);
  for (int i = 0; i < 100000; i++) CHECK(file_write(w, "0123456\n", 8, &err) == 0);
  CHECK(file_finish(w, &sum, &err) == 0);
  CHECK(sum.bytes == 800000 && sum.lines == 100000);
  FILE *f = fopen(path, "r");
  char line[16];
  int n = 0;
  while (fgets(line, sizeof line, f) != NULL) n += strcmp(line, "0123456\n") == 0;
  fclose(f);
  CHECK(n == 100000);
  unlink(path);
}

static void a_limit_on_file_size_is_an_error_that_names_file_and_byte(void) {
  char path[128];
  Error err = { "" };
  struct rlimit old, small;
  path_of(path, "limited");
  signal(SIGXFSZ, SIG_IGN);
  getrlimit(RLIMIT_FSIZE, &old);
  small = old;
  small.rlim_cur = 300000;
  setrlimit(RLIMIT_FSIZE, &small);
  FileWriter *w = file_create(path, 0600, &err);
  int r = 0;
  for (int i = 0; r == 0 && i < 100000; i++) r = file_write(w, "0123456\n", 8, &err);
  CHECK(r == -1);
  CHECK(strstr(err.text, "limited") != NULL && strstr(err.text, "limit on file size") != NULL);
  CHECK(strstr(err.text, "300000") != NULL);
  file_abort(w);
  setrlimit(RLIMIT_FSIZE, &old);
  CHECK(files_in_dir() == 0);
}

static void a_full_disk_is_an_error_that_says_so(void) {
  char path[128];
  Error err = { "" };
  if (access("/dev/full", W_OK) != 0) SKIP("no /dev/full");
  path_of(path, "full");
  FileWriter *w = file_create(path, 0600, &err);
  int full = open("/dev/full", O_WRONLY);
  for (int fd = 3; fd < 64; fd++) {        /* whatever number the writer's file has */
    char link[64], at[256];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, at, sizeof at - 1);
    if (n <= 0) continue;
    at[n] = '\0';
    if (strstr(at, "/full.") != NULL) dup2(full, fd);
  }
  CHECK(file_write(w, "some bytes\n", 11, &err) == 0);
  CHECK(file_finish(w, NULL, &err) == -1);
  CHECK(strstr(err.text, "the disk is full") != NULL);
  close(full);
  CHECK(files_in_dir() == 0);
}

static void a_folder_that_is_not_there_is_an_error_that_names_the_file(void) {
  Error err = { "" };
  CHECK(file_create("/nowhere/at/all", 0600, &err) == NULL);
  CHECK(strstr(err.text, "/nowhere/at/all") != NULL && strstr(err.text, "No such file") != NULL);
}

static void a_link_in_the_way_is_replaced_not_followed(void) {
  char path[128], target[128];
  Error err = { "" };
  path_of(path, "link");
  path_of(target, "target");
  CHECK(symlink(target, path) == 0);
  FileWriter *w = file_create(path, 0600, &err);
  CHECK(file_write(w, "x", 1, &err) == 0 && file_finish(w, NULL, &err) == 0);
  CHECK(access(target, F_OK) != 0);
  struct stat st;
  CHECK(lstat(path, &st) == 0 && S_ISREG(st.st_mode));
  unlink(path);
}

static void a_device_is_not_replaced_by_a_file(void) {
  Error err = { "" };
  struct stat st;
  CHECK(file_create("/dev/null", 0600, &err) == NULL && strstr(err.text, "no regular file") != NULL);
  CHECK(stat("/dev/null", &st) == 0 && S_ISCHR(st.st_mode));
}

int main(void) {
  strcpy(dir, "/tmp/tamis-test-file-XXXXXX");
  if (mkdtemp(dir) == NULL) return 1;
  RUN(a_file_is_counted_and_hashed_as_it_is_written);
  RUN(a_chain_hashes_the_bytes_of_all_files_in_a_row);
  RUN(a_file_larger_than_the_buffer_keeps_every_byte);
  RUN(a_limit_on_file_size_is_an_error_that_names_file_and_byte);
  RUN(a_full_disk_is_an_error_that_says_so);
  RUN(a_folder_that_is_not_there_is_an_error_that_names_the_file);
  RUN(a_link_in_the_way_is_replaced_not_followed);
  RUN(a_device_is_not_replaced_by_a_file);
  rmdir(dir);
  return check_done();
}
