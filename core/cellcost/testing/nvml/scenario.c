/* A libnvidia-ml.so.1 that plays a scenario file, for machines without a GPU.
 *
 * NVML_SCENARIO names the file; nvmlInit reads it. One fact a line, times in
 * milliseconds since `origin` (microseconds since 1970), fields split by tabs:
 *
 *   origin US | clock PATH | period MS | buffer MS | init CODE | driver VERSION | follow 1
 *   device UUID NAME BYTES MAX_MIG          mig UUID NAME BYTES SLICES PARENT
 *   process DEVICE PID FROM TO BYTES        (BYTES -1: not available)
 *   hidden DEVICE FROM TO BYTES             (of processes that are not listed)
 *   load DEVICE PID FROM TO SM MEMORY       (SM and memory percent of one process)
 *   busy DEVICE FROM TO PERCENT MEMORY      (of the device; else the sum of its loads)
 *   power DEVICE FROM TO MILLIWATTS         (else 70 W)
 *   error DEVICE FROM TO CODE FUNCTION      (FUNCTION *: each that takes the device)
 *
 * `follow 1` has the file read again whenever another has taken its place, for scenarios
 * that are written while they are played. `clock` is a file of eight bytes, microseconds since 1970, that a test steps; without
 * it the wall clock runs. A build with -DWITHOUT_<SYMBOL> leaves that symbol out.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#define API __attribute__((visibility("default")))
enum { OK, UNINITIALIZED, INVALID, NOT_SUPPORTED, NO_PERMISSION, NOT_FOUND = 6, TOO_SMALL };
enum { MOST = 65536, NAME = 96, DEVICES = 512 };

typedef long long ms_t;
typedef struct { char uuid[NAME], name[NAME]; long long bytes; int slices, parent, max_mig; } Device;
typedef enum { PROCESS, HIDDEN, LOAD, BUSY, POWER, FAULT } Kind;
typedef struct { Kind kind; int device, order; unsigned pid; ms_t from, to; long long a, b; char word[NAME]; } Fact;

typedef struct { unsigned pid; unsigned long long bytes; unsigned gpu, compute; } ProcessInfo;
typedef struct { unsigned long long at; union { double d; unsigned u; unsigned long long q; } value; } Sample;
typedef struct { unsigned pid; unsigned long long at; unsigned sm, memory, enc, dec; } ProcessSample;
typedef struct { unsigned long long total, free, used; } Memory;
typedef struct { unsigned version; unsigned long long total, reserved, free, used; } Memory2;
typedef struct { unsigned gpu, memory; } Rates;
typedef struct { unsigned sm, copy, dec, enc, jpeg, ofa, gpu_slices, compute_slices; unsigned long long mb; } Attributes;

static Device devices[DEVICES];
static Fact *facts;
static int n_devices, n_facts, many_rows, users, init_code, owner, follow, first_of[DEVICES + 1];
static struct stat file_read;
static long long origin, period = 167, buffer_ms = 20000;
static char driver[NAME] = "550.54.15";
static const volatile long long *clock_us;

#define EACH(d, i) for (int i = first_of[d]; i < first_of[d + 1]; i++)

static long long now_us(void) {
  if (clock_us) return *clock_us;
  struct timeval now;
  gettimeofday(&now, NULL);
  return now.tv_sec * 1000000LL + now.tv_usec;
}

static ms_t now_ms(void) { return (now_us() - origin) / 1000; }

static void add(Fact fact) {
  if (!facts) facts = calloc(MOST, sizeof(Fact));
  if (n_facts < MOST) facts[n_facts++] = fact;
}

static void open_clock(const char *path) {
  int file = open(path, O_RDONLY);
  if (file < 0) return;
  void *page = mmap(NULL, 8, PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (page != MAP_FAILED) clock_us = page;
}

static void read_line(char *line) {
  char *f[8] = {0};
  int n = 0;
  for (char *part = strtok(line, "\t\n"); part && n < 8; part = strtok(NULL, "\t\n")) f[n++] = part;
  if (n < 2) return;
#define N(i) (f[i] ? atoll(f[i]) : 0)
  if (!strcmp(f[0], "origin")) origin = N(1);
  else if (!strcmp(f[0], "clock")) open_clock(f[1]);
  else if (!strcmp(f[0], "period")) period = N(1);
  else if (!strcmp(f[0], "buffer")) buffer_ms = N(1);
  else if (!strcmp(f[0], "follow")) follow = (int)N(1);
  else if (!strcmp(f[0], "rows")) many_rows = (int)N(1);
  else if (!strcmp(f[0], "init")) init_code = (int)N(1);
  else if (!strcmp(f[0], "driver")) snprintf(driver, NAME, "%s", f[1]);
  else if (!strcmp(f[0], "device") || !strcmp(f[0], "mig")) {
    if (n_devices == DEVICES) return;
    Device *d = &devices[n_devices++];
    int slice = f[0][0] == 'm';
    *d = (Device){.bytes = N(3), .slices = slice ? (int)N(4) : 0, .parent = slice ? (int)N(5) : -1,
                  .max_mig = slice ? 0 : (int)N(4)};
    snprintf(d->uuid, NAME, "%s", f[1]);
    snprintf(d->name, NAME, "%s", f[2]);
  } else {
    Fact fact = {.device = (int)N(1)};
    if (!strcmp(f[0], "process") || !strcmp(f[0], "load")) {
      fact.kind = f[0][0] == 'p' ? PROCESS : LOAD;
      fact.pid = (unsigned)N(2), fact.from = N(3), fact.to = N(4), fact.a = N(5), fact.b = N(6);
    } else {
      fact.kind = f[0][0] == 'h' ? HIDDEN : f[0][0] == 'b' ? BUSY : f[0][0] == 'p' ? POWER : FAULT;
      fact.from = N(2), fact.to = N(3), fact.a = N(4);
      if (fact.kind == FAULT) snprintf(fact.word, NAME, "%s", f[5] ? f[5] : "*");
      else fact.b = N(5);
    }
    add(fact);
  }
}

static int by_device(const void *a, const void *b) {
  const Fact *x = a, *y = b;
  return x->device != y->device ? x->device - y->device : x->order - y->order;
}

static void sort_facts(void) {
  for (int i = 0; i < n_facts; i++) facts[i].order = i;
  if (n_facts) qsort(facts, (size_t)n_facts, sizeof(Fact), by_device);
  for (int d = 0, i = 0; d <= DEVICES; d++) {
    while (i < n_facts && facts[i].device < d) i++;
    first_of[d] = i;
  }
}

static int read_scenario(void) {
  const char *path = getenv("NVML_SCENARIO");
  FILE *file = path ? fopen(path, "r") : NULL;
  if (!file) return 0;
  fstat(fileno(file), &file_read);
  n_devices = n_facts = init_code = follow = 0;
  period = 167, buffer_ms = 20000, origin = 0, clock_us = NULL;
  char line[512];
  while (fgets(line, sizeof line, file)) read_line(line);
  fclose(file);
  sort_facts();
  return 1;
}

static void keep_up(void) {
  struct stat about;
  const char *path = follow ? getenv("NVML_SCENARIO") : NULL;
  if (path && !stat(path, &about) &&
      (about.st_ino != file_read.st_ino || about.st_mtim.tv_nsec != file_read.st_mtim.tv_nsec))
    read_scenario();
}

static int start(void) {
  if (users && owner == getpid()) { users++; return OK; }
  if (!read_scenario()) return 9; /* driver not loaded */
  if (init_code) return init_code;
  users = 1, owner = getpid();
  return OK;
}

API int nvmlInitWithFlags(unsigned flags) { (void)flags; return start(); }
API int nvmlInit_v2(void) { return start(); }
API int nvmlShutdown(void) {
  if (!users) return UNINITIALIZED;
  users--;
  return OK;
}

API const char *nvmlErrorString(int code) {
  static char text[40];
  static const char *known[] = {"Success", "Uninitialized", "Invalid Argument", "Not Supported",
    "Insufficient Permissions", "Already Initialized", "Not Found", "Insufficient Size",
    "Insufficient External Power", "Driver Not Loaded", "Timeout", "Interrupt Request Issue",
    "NVML Shared Library Not Found", "Function Not Found", "Corrupted infoROM", "GPU is lost",
    "GPU requires reset", "The operating system has blocked the request",
    "Driver/library version mismatch"};
  if (code >= 0 && code <= 18) return known[code];
  snprintf(text, sizeof text, "error %d", code);
  return text;
}

/* A driver's handle is a process's own: a forked child's is refused, as some drivers do. */
static int check(const void *handle, const char *function, int *index) {
  if (!users || owner != getpid()) return UNINITIALIZED;
  keep_up();
  long at = (const Device *)handle - devices;
  if (at < 0 || at >= n_devices) return INVALID;
  *index = (int)at;
  ms_t now = now_ms();
  EACH(at, i)
    if (facts[i].kind == FAULT && facts[i].from <= now && now < facts[i].to &&
        (!strcmp(facts[i].word, "*") || !strcmp(facts[i].word, function)))
      return (int)facts[i].a;
  return OK;
}

#define DEVICE(handle) int d; { int code = check(handle, __func__, &d); if (code) return code; }

API int nvmlSystemGetDriverVersion(char *text, unsigned length) { snprintf(text, length, "%s", driver); return OK; }

API int nvmlDeviceGetCount_v2(unsigned *count) {
  if (!users || owner != getpid()) return UNINITIALIZED;
  *count = 0;
  for (int i = 0; i < n_devices; i++) *count += devices[i].parent < 0;
  return OK;
}

API int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle) {
  for (int i = 0; i < n_devices; i++)
    if (devices[i].parent < 0 && !index--) {
      int d;
      *handle = &devices[i];
      return check(*handle, __func__, &d);
    }
  return INVALID;
}

API int nvmlDeviceGetName(void *h, char *text, unsigned length) { DEVICE(h); snprintf(text, length, "%s", devices[d].name); return OK; }
API int nvmlDeviceGetUUID(void *h, char *text, unsigned length) { DEVICE(h); snprintf(text, length, "%s", devices[d].uuid); return OK; }

static unsigned long long used(int d) {
  unsigned long long sum = 0;
  ms_t now = now_ms();
  EACH(d, i)
    if (facts[i].kind <= HIDDEN && facts[i].from <= now && now < facts[i].to && facts[i].a > 0)
      sum += (unsigned long long)facts[i].a;
  return sum;
}

API int nvmlDeviceGetMemoryInfo(void *h, Memory *m) {
  DEVICE(h);
  m->total = (unsigned long long)devices[d].bytes, m->used = used(d), m->free = m->total - m->used;
  return OK;
}

API int nvmlDeviceGetMemoryInfo_v2(void *h, Memory2 *m) {
  DEVICE(h);
  m->total = (unsigned long long)devices[d].bytes, m->used = used(d), m->reserved = 0, m->free = m->total - m->used;
  return OK;
}

API int nvmlDeviceGetMigMode(void *h, unsigned *now, unsigned *later) {
  DEVICE(h);
  if (devices[d].parent >= 0 || !devices[d].max_mig) return NOT_SUPPORTED;
  *now = *later = 0;
  for (int i = 0; i < n_devices; i++) if (devices[i].parent == d) *now = *later = 1;
  return OK;
}

API int nvmlDeviceGetMaxMigDeviceCount(void *h, unsigned *count) { DEVICE(h); *count = (unsigned)devices[d].max_mig; return OK; }

API int nvmlDeviceGetMigDeviceHandleByIndex(void *h, unsigned index, void **slice) {
  DEVICE(h);
  for (int i = 0; i < n_devices; i++) if (devices[i].parent == d && !index--) { *slice = &devices[i]; return OK; }
  return NOT_FOUND;
}

API int nvmlDeviceGetAttributes_v2(void *h, Attributes *a) {
  DEVICE(h);
  if (devices[d].parent < 0) return NOT_SUPPORTED;
  memset(a, 0, sizeof *a);
  a->gpu_slices = a->compute_slices = (unsigned)devices[d].slices;
  a->mb = (unsigned long long)devices[d].bytes >> 20;
  return OK;
}

static int list(int d, unsigned *count, ProcessInfo *out) {
  unsigned room = out ? *count : 0, n = 0;
  ms_t now = now_ms();
  EACH(d, i) {
    Fact *f = &facts[i];
    if (f->kind != PROCESS || f->from > now || now >= f->to) continue;
    if (n < room) out[n] = (ProcessInfo){f->pid, (unsigned long long)f->a, ~0u, ~0u};
    n++;
  }
  *count = n;
  return n > room ? TOO_SMALL : OK;
}

#ifndef WITHOUT_nvmlDeviceGetComputeRunningProcesses_v3
API int nvmlDeviceGetComputeRunningProcesses_v3(void *h, unsigned *count, ProcessInfo *out) { DEVICE(h); return list(d, count, out); }
#endif
API int nvmlDeviceGetGraphicsRunningProcesses_v3(void *h, unsigned *count, ProcessInfo *out) { DEVICE(h); (void)out; *count = 0; return OK; }

/* Time is cut into periods; a sample stands for the period that ends at its time. */
static long long overlap(const Fact *f, ms_t from, ms_t to) {
  ms_t a = f->from > from ? f->from : from, b = f->to < to ? f->to : to;
  return b > a ? b - a : 0;
}

static unsigned percent(int d, Kind kind, unsigned pid, int field, ms_t from, ms_t to) {
  long long sum = 0;
  EACH(d, i)
    if (facts[i].kind == kind && (!pid || facts[i].pid == pid))
      sum += overlap(&facts[i], from, to) * (field ? facts[i].b : facts[i].a);
  long long value = (sum + (to - from) / 2) / (to - from);
  return value > 100 ? 100u : (unsigned)value;
}

static int said(int d) {
  EACH(d, i) if (facts[i].kind == BUSY) return 1;
  return 0;
}

static unsigned device_percent(int d, int field, ms_t from, ms_t to) {
  return percent(d, said(d) ? BUSY : LOAD, 0, field, from, to);
}

static void window(unsigned long long since, ms_t *first, ms_t *last) {
  ms_t now = now_ms();
  ms_t after = since ? (ms_t)((long long)since - origin) / 1000 : now - buffer_ms;
  if (after < now - buffer_ms) after = now - buffer_ms;
  if (after < 0) after = 0;
  *last = now / period;
  *first = after / period + 1;
}

static unsigned long long stamp(ms_t tick) { return (unsigned long long)(origin + tick * period * 1000); }

API int nvmlDeviceGetSamples(void *h, int kind, unsigned long long since, int *type, unsigned *count, Sample *out) {
  DEVICE(h);
  if (devices[d].parent >= 0 || kind < 1 || kind > 2) return NOT_SUPPORTED;
  *type = 1;
  if (!out) { *count = (unsigned)(buffer_ms / period + 1); return OK; }
  ms_t first, last;
  window(since, &first, &last);
  unsigned n = 0;
  for (ms_t t = first; t <= last && n < *count; t++, n++) {
    out[n].at = stamp(t), out[n].value.q = 0;
    out[n].value.u = device_percent(d, kind - 1, (t - 1) * period, t * period);
  }
  *count = n;
  return n ? OK : NOT_FOUND;
}

#ifndef WITHOUT_nvmlDeviceGetProcessUtilization
API int nvmlDeviceGetProcessUtilization(void *h, ProcessSample *out, unsigned *count, unsigned long long since) {
  DEVICE(h);
  if (devices[d].parent >= 0) return NOT_SUPPORTED;
  ms_t first, last;
  window(since, &first, &last);
  unsigned room = out ? *count : 0, n = 0;
  EACH(d, i) {
    int seen = facts[i].kind != LOAD;
    for (int j = first_of[d]; j < i && !seen; j++) seen = facts[j].kind == LOAD && facts[j].pid == facts[i].pid;
    if (seen) continue;
    if (!many_rows && first <= last) {
      ms_t from = (first - 1) * period, to = last * period;
      unsigned sm = percent(d, LOAD, facts[i].pid, 0, from, to);
      if (sm && n++ < room) out[n - 1] = (ProcessSample){facts[i].pid, stamp(last), sm, percent(d, LOAD, facts[i].pid, 1, from, to), 0, 0};
    } else for (ms_t t = first; t <= last; t++) {
      unsigned sm = percent(d, LOAD, facts[i].pid, 0, (t - 1) * period, t * period);
      if (!sm) continue;
      if (n < room) out[n] = (ProcessSample){facts[i].pid, stamp(t), sm, percent(d, LOAD, facts[i].pid, 1, (t - 1) * period, t * period), 0, 0};
      n++;
    }
  }
  *count = n;
  return !n ? NOT_FOUND : n > room ? TOO_SMALL : OK;
}
#endif

API int nvmlDeviceGetUtilizationRates(void *h, Rates *rates) {
  DEVICE(h);
  if (devices[d].parent >= 0) return NOT_SUPPORTED;
  ms_t t = now_ms() / period * period;
  rates->gpu = t ? device_percent(d, 0, t - period, t) : 0;
  rates->memory = t ? device_percent(d, 1, t - period, t) : 0;
  return OK;
}

static long long milliwatts(int d, ms_t from, ms_t to) {
  long long sum = 70000 * (to - from);
  EACH(d, i)
    if (facts[i].kind == POWER) sum += overlap(&facts[i], from, to) * (facts[i].a - 70000);
  return sum;
}

API int nvmlDeviceGetTotalEnergyConsumption(void *h, unsigned long long *mj) {
  DEVICE(h);
  if (devices[d].parent >= 0) return NOT_SUPPORTED;
  *mj = (unsigned long long)(milliwatts(d, 0, now_ms()) / 1000);
  return OK;
}

API int nvmlDeviceGetPowerUsage(void *h, unsigned *mw) {
  DEVICE(h);
  if (devices[d].parent >= 0) return NOT_SUPPORTED;
  *mw = (unsigned)milliwatts(d, now_ms(), now_ms() + 1);
  return OK;
}

API int nvmlDeviceGetEnforcedPowerLimit(void *h, unsigned *mw) { DEVICE(h); *mw = 700000; return OK; }
