#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CProcessMemory.h"

#if __has_include(<malloc.h>) && __has_include(<link.h>)
#include <link.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

void process_memory_limit_heaps(int heaps) {
    mallopt(M_ARENA_MAX, heaps);
    mallopt(M_TRIM_THRESHOLD, 256 * 1024);
}

static int forget_program(struct dl_phdr_info *program, size_t size, void *unused) {
    (void)size;
    (void)unused;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int index = 0; index < program->dlpi_phnum; index++) {
        const ElfW(Phdr) *part = &program->dlpi_phdr[index];
        // What was never written is the same as in the file. Whole pages only: at its edges a part may share one.
        if (part->p_type != PT_LOAD || (part->p_flags & PF_W) != 0) continue;
        uintptr_t begin = ((uintptr_t)program->dlpi_addr + part->p_vaddr + page - 1) / page * page;
        uintptr_t end = ((uintptr_t)program->dlpi_addr + part->p_vaddr + part->p_memsz) / page * page;
        // An error changes nothing: the pages stay.
        if (begin < end) madvise((void *)begin, end - begin, MADV_DONTNEED);
    }
    return 0;
}

void process_memory_give_back(void) {
    malloc_trim(0);
    dl_iterate_phdr(forget_program, NULL);
}
#else
// Elsewhere there are no such controls, and the process stays as large as its allocator makes it.
void process_memory_limit_heaps(int heaps) { (void)heaps; }
void process_memory_give_back(void) {}
#endif
