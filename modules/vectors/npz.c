/* modules/vectors/npz.c - see npz.h */
#include "vectors/npz.h"

#include <inttypes.h>
#include <limits.h>
#include <zlib.h>

#include "core/pool.h"
#include "core/printable.h"
#include "core/spill.h"
#include "corpus/list.h"

enum {
  END = 0x06054B50, END64 = 0x06064B50, LOCATOR = 0x07064B50, ENTRY = 0x02014B50, LOCAL = 0x04034B50,
  END_SIZE = 22, END64_SIZE = 56, LOCATOR_SIZE = 20, ENTRY_SIZE = 46, LOCAL_SIZE = 30,
  STORED = 0, DEFLATED = 8, ENCRYPTED = 1, EXTRA_ZIP64 = 1,
  MOST_DEFLATED = 1032,    /* bytes that one deflated byte can become: zlib's page "Maximum Compression Factor" */
  SHOWN = 80,              /* bytes of a name in a message */
  STEP = 1 << 20           /* bytes between two looks at the interrupt flag */
};

static uint64_t get(Span f, uint64_t at, int bytes) {
  uint64_t v = 0;
  for (int i = bytes - 1; i >= 0; i--) v = v << 8 | (unsigned char)f.ptr[at + (uint64_t)i];
  return v;
}

static int bad(Error *err, const char *what, uint64_t at) {
  return error_set(err, "damaged ZIP archive: %s, at byte %" PRIu64, what, at);
}

static int bad_member(Error *err, const NpzMember *m, const char *what) {
  Buf name = { 0 };
  if (printable(&name, span_of(m->name.ptr, m->name.len > SHOWN ? SHOWN : m->name.len), 0) != 0) error_memory(err);
  else error_set(err, "array \"%.*s\" of the archive %s", (int)name.len, buf_span(&name).ptr, what);
  buf_free(&name);
  return -1;
}

static const char UNKNOWN_METHOD[] = "is packed in a way that is not known; stored and deflated are";

/* ---- the directory ---- */

typedef struct Directory { uint64_t at, bytes, entries; } Directory;

/* The last end record whose comment fills the file. 0, or -1: no archive that is whole. */
static int find_end(Span f, uint64_t *at, Error *err) {
  if (f.len >= END_SIZE)
    for (uint64_t i = f.len - END_SIZE, least = i > UINT16_MAX ? i - UINT16_MAX : 0;; i--) {
      if (get(f, i, 4) == END && get(f, i + 20, 2) == f.len - i - END_SIZE) {
        *at = i;
        return 0;
      }
      if (i == least) break;
    }
  return error_set(err, "no whole ZIP archive: the directory at its end is missing; is the file cut short?");
}

static int read_end(Span f, Directory *d, Error *err) {
  uint64_t end = 0, end64;
  if (find_end(f, &end, err) != 0) return -1;
  *d = (Directory){ get(f, end + 16, 4), get(f, end + 12, 4), get(f, end + 10, 2) };
  if (get(f, end + 4, 2) != get(f, end + 6, 2)) return error_set(err, "one part of a ZIP archive in several parts");
  if (end >= LOCATOR_SIZE && get(f, end - LOCATOR_SIZE, 4) == LOCATOR) {
    end64 = get(f, end - LOCATOR_SIZE + 8, 8);
    if (end64 > f.len || f.len - end64 < END64_SIZE || get(f, end64, 4) != END64)
      return bad(err, "its ZIP64 end record is not where it should be", end - LOCATOR_SIZE);
    *d = (Directory){ get(f, end64 + 48, 8), get(f, end64 + 40, 8), get(f, end64 + 32, 8) };
    end = end64;
  }
  if (d->at > end || end - d->at < d->bytes) return bad(err, "its directory reaches past its end", end);
  return 0;
}

/* The sizes that did not fit, in the entry's extra field: those at 2^32 - 1, in this order. */
static int read_zip64(Span f, uint64_t at, uint64_t end, uint64_t *size, uint64_t *packed, uint64_t *local) {
  uint64_t *wide[] = { size, packed, local };
  while (end - at >= 4) {
    uint64_t id = get(f, at, 2), len = get(f, at + 2, 2);
    at += 4;
    if (len > end - at) return -1;
    if (id == EXTRA_ZIP64) {
      uint64_t stop = at + len;
      for (int i = 0; i < 3; i++)
        if (*wide[i] == UINT32_MAX) {
          if (stop - at < 8) return -1;
          *wide[i] = get(f, at, 8);
          at += 8;
        }
      return 0;
    }
    at += len;
  }
  return *size == UINT32_MAX || *packed == UINT32_MAX || *local == UINT32_MAX ? -1 : 0;
}

/* The member's bytes lie behind its local header, whose name and extra field have lengths of their own. */
static int locate(Span f, NpzMember *m, uint64_t local, uint64_t packed, Error *err) {
  if (local > f.len || f.len - local < LOCAL_SIZE || get(f, local, 4) != LOCAL)
    return bad(err, "a member's header is not where it should be", local);
  uint64_t from = local + LOCAL_SIZE + get(f, local + 26, 2) + get(f, local + 28, 2);
  if (from > f.len || f.len - from < packed) return bad(err, "a member reaches past the file's end", local);
  m->packed = span_of(f.ptr + from, packed);
  return 0;
}

static int read_entry(Npz *z, Span f, uint64_t at, uint64_t name_len, uint64_t extra_len, Error *err) {
  static const char SUFFIX[] = ".npy";
  size_t suffix = sizeof SUFFIX - 1;
  const char *name = f.ptr + at + ENTRY_SIZE;
  if (name_len < suffix || memcmp(name + name_len - suffix, SUFFIX, suffix) != 0) {
    z->others++;
    return 0;
  }
  NpzMember *m = LIST_PUSH(z->member, z->n, z->cap);
  if (m == NULL) return error_memory(err);
  *m = (NpzMember){ .name = span_of(name, name_len - suffix), .method = (uint16_t)get(f, at + 10, 2),
                    .crc = (uint32_t)get(f, at + 16, 4), .size = get(f, at + 24, 4) };
  uint64_t packed = get(f, at + 20, 4), local = get(f, at + 42, 4), extra = at + ENTRY_SIZE + name_len;
  if (get(f, at + 8, 2) & ENCRYPTED) return bad_member(err, m, "is encrypted");
  if (read_zip64(f, extra, extra + extra_len, &m->size, &packed, &local) != 0)
    return bad(err, "a member's ZIP64 sizes are missing", at);
  return locate(f, m, local, packed, err);
}

static int read_entries(Npz *z, Span f, const Directory *d, Error *err) {
  uint64_t at = d->at, end = d->at + d->bytes;
  for (uint64_t i = 0; i < d->entries; i++) {
    if (end - at < ENTRY_SIZE || get(f, at, 4) != ENTRY) return bad(err, "its directory ends early", at);
    uint64_t name = get(f, at + 28, 2), extra = get(f, at + 30, 2), comment = get(f, at + 32, 2);
    if (end - at - ENTRY_SIZE < name + extra + comment) return bad(err, "its directory ends early", at);
    if (read_entry(z, f, at, name, extra, err) != 0) return -1;
    at += ENTRY_SIZE + name + extra + comment;
  }
  return at == end ? 0 : bad(err, "its directory has more members than it counts", at);
}

int npz_is(Span f) { return f.len >= 4 && (get(f, 0, 4) == LOCAL || get(f, 0, 4) == END); }

int npz_read(Npz *z, Span file, Error *err) {
  Directory d;
  *z = (Npz){ 0 };
  if (read_end(file, &d, err) != 0) return -1;
  if (read_entries(z, file, &d, err) == 0) return 0;
  npz_free(z);
  return -1;
}

void npz_free(Npz *z) {
  free(z->member);
  *z = (Npz){ 0 };
}

/* ---- unpacking ---- */

static uInt least(uint64_t a, uint64_t b) { return (uInt)(a < b ? a : b); }

/* Inflates the member's front into out[0..n). The bytes that came; 0 with err worded if the stream is damaged. */
static uint64_t inflate_front(const NpzMember *m, char *out, uint64_t n, Error *err) {
  z_stream s = { 0 };
  uint64_t in = 0, done = 0;
  int status = inflateInit2(&s, -MAX_WBITS);
  if (status != Z_OK) return error_memory(err), 0;
  while (status == Z_OK && done < n && (done == 0 || !interrupt_pending())) {
    uInt give = least(m->packed.len - in, STEP), room = least(n - done, STEP);
    s.next_in = (Bytef *)(uintptr_t)(m->packed.ptr + in), s.avail_in = give;
    s.next_out = (Bytef *)out + done, s.avail_out = room;
    status = inflate(&s, Z_NO_FLUSH);
    in += give - s.avail_in, done += room - s.avail_out;
  }
  inflateEnd(&s);
  if ((status != Z_OK && status != Z_STREAM_END) || done == 0)
    return bad_member(err, m, "is damaged: its deflated bytes break off"), 0;
  return done;
}

int npz_head(const NpzMember *m, char *room, size_t cap, Span *head, Error *err) {
  size_t n = m->size < cap ? (size_t)m->size : cap;
  if (m->method == STORED) {
    *head = span_of(m->packed.ptr, m->packed.len < n ? m->packed.len : n);
    return 0;
  }
  if (m->method != DEFLATED) return bad_member(err, m, UNKNOWN_METHOD);
  uint64_t got = n > 0 ? inflate_front(m, room, n, err) : 0;
  *head = span_of(room, (size_t)got);
  return got == 0 && n > 0 ? -1 : 0;
}

static int check_sum(const NpzMember *m, Span bytes, Error *err) {
  uLong crc = 0;
  for (uint64_t at = 0; at < bytes.len && !interrupt_pending(); at += STEP)
    crc = crc32(crc, (const Bytef *)bytes.ptr + at, least(bytes.len - at, STEP));
  if (interrupt_pending()) return POOL_INTERRUPTED;
  return crc == m->crc ? 0 : bad_member(err, m, "is damaged: its checksum does not fit its bytes");
}

int npz_unpack(const NpzMember *m, Span *bytes, char **owned, Error *err) {
  *owned = NULL;
  if (m->method == STORED) {
    if (m->packed.len != m->size) return bad_member(err, m, "is damaged: stored, and its bytes are not of its size");
    *bytes = m->packed;
    return check_sum(m, *bytes, err);
  }
  if (m->method != DEFLATED) return bad_member(err, m, UNKNOWN_METHOD);
  if (m->size / MOST_DEFLATED > m->packed.len)
    return bad_member(err, m, "is damaged: so few deflated bytes cannot become its size");
  char *out = spill_alloc(m->size > 0 ? m->size : 1);
  if (out == NULL) return error_memory(err);
  uint64_t got = m->size > 0 ? inflate_front(m, out, m->size, err) : 0;
  int result = interrupt_pending() ? POOL_INTERRUPTED : got == 0 && m->size > 0 ? -1
             : got < m->size ? bad_member(err, m, "is damaged: its deflated bytes end early") : 0;
  if (result == 0) result = check_sum(m, span_of(out, m->size), err);
  if (result != 0) {
    spill_free(out);
    return result;
  }
  *bytes = span_of(out, m->size);
  *owned = out;
  return 0;
}
