//! From the boot loader's first instruction to the first Rust function, and the tables the processor reads.
//!
//! The PVH protocol (Xen's `docs/misc/pvh.pandoc`, "HVM direct boot") enters in 32-bit protected mode, paging off, flat
//! segments, with the physical address of the start info in EBX. The page tables, the descriptor tables and the stack
//! are laid out by the assembler, so that nothing is computed at run time: this path may be emulated instruction by
//! instruction.

use crate::boot::start::{FLOATING_POINT_STATE, STAR, SYSCALL_MASK};
use core::arch::global_asm;

/// Kernel code, 64-bit.
pub const KERNEL_CODE: u16 = 0x08;
/// Kernel stack and data.
pub const KERNEL_DATA: u16 = 0x10;
/// The selector from which `sysretq` counts (AMD APM volume 3, SYSRET): +8 is user data, +16 is user code.
pub const SYSRET_BASE: u16 = 0x18 | 3;
/// User stack and data.
pub const USER_DATA: u16 = 0x20 | 3;
/// User code, 64-bit.
pub const USER_CODE: u16 = 0x28 | 3;
/// The task state segment.
pub const TASK_STATE: u16 = 0x30;

unsafe extern "C" {
    /// The top-level page table in use from the first 64-bit instruction on: ring 3 may use the kernel's maps.
    pub static mut boot_pml4: [u64; 512];
    /// The one in use while the program executes: the same, with the kernel's maps closed to ring 3.
    pub static mut program_pml4: [u64; 512];
    /// The table below both of the kernel's maps; entry n of it is GiB n of the direct map.
    pub static mut kernel_pdpt: [u64; 512];
    /// The interrupt descriptor table: four words for each gate.
    static mut idt: [[u32; 4]; 32];
    /// The descriptor of the task state segment, two words of the GDT.
    pub static mut task_state_descriptor: [u64; 2];
    /// First byte after the kernel's image and zeroed data.
    pub static kernel_end: u8;
}

global_asm!(
    // The ELF note by which a boot loader knows a PVH kernel: type 18, XEN_ELFNOTE_PHYS32_ENTRY.
    ".section .note.pvh, \"a\", @note",
    ".balign 4",
    ".long 4, 8, 18",
    ".asciz \"Xen\"",
    ".quad pvh_start - {base}",

    // For isolab's own monitor, an `abi::Shortcut`.
    ".section .note.isolab, \"a\", @note",
    ".balign 4",
    ".long 7, 2f - 1f, {shortcut}",
    ".asciz \"isolab\"",
    ".balign 4",
    "1:  .quad prepare_in_ring_3, boot_pml4 - {base}, gdt, gdt_end - gdt - 1, idt, idt_end - idt - 1, task_state",
    "    .quad {star}, probe_entry, {syscall_mask}, {floating_point}",
    "    .quad {base} + 0x100000 - {base}, code_end - {base}",
    "    .quad helper_start - {base}, data_end - {base}",
    "    .quad ring_3_stack_top - 4 * 4096 - {base}, ring_3_stack_top - {base}",
    "    .quad {request} - {base}, {request} - {base} + 4096",
    "    .quad {memory} - {base}, {memory} - {base} + 4096",
    "2:",

    ".section .text.entry, \"ax\", @progbits",
    ".globl pvh_start",
    ".code32",
    "pvh_start:",
    "    mov eax, offset boot_pml4 - {base}",
    "    mov cr3, eax",
    "    mov eax, 0x620",           // CR4: PAE, OSFXSR, OSXMMEXCPT
    "    mov cr4, eax",
    "    mov ecx, 0xc0000080",      // EFER
    "    xor edx, edx",
    "    mov eax, 0x901",           // SCE, LME, NXE
    "    wrmsr",
    "    mov eax, 0x80010033",      // CR0: PG, WP, NE, ET, MP, PE
    "    mov cr0, eax",
    "    lgdt [gdt_pointer_low - {base}]",
    "    .byte 0xea",               // ljmp KERNEL_CODE:long_mode
    "    .long long_mode - {base}",
    "    .word {kernel_code}",
    ".code64",
    "long_mode:",
    "    movabs rax, offset high",
    "    jmp rax",
    "high:",
    "    lgdt [rip + gdt_pointer]",
    "    lidt [rip + idt_pointer]",
    "    mov eax, {kernel_data}",
    "    mov ss, eax",
    "    lea rsp, [rip + kernel_stack_top]",
    "    mov edi, ebx",
    "    call {start}",
    "    ud2",

    ".section .data.tables, \"aw\", @progbits",
    ".balign 4096",
    ".globl boot_pml4",
    // Present, writable, accessed, and user: ring 3 may use the kernel's maps.
    // Entry 0 maps low memory where it is, until the program's own tables take its place.
    "boot_pml4:",
    "    .quad program_pml4 - {base} + 0x27",
    "    .zero 8 * 510",
    "    .quad kernel_pdpt - {base} + 0x27",
    // Its first entry serves as that of a table one level lower meanwhile.
    ".globl program_pml4",
    "program_pml4:",
    "    .quad kernel_pd - {base} + 0x27",
    "    .zero 8 * 510",
    "    .quad kernel_pdpt - {base} + 0x23", // as above, without user
    ".globl kernel_pdpt",
    "kernel_pdpt:",
    "    .quad kernel_pd - {base} + {no_execute} + 0x27",
    "    .zero 8 * 509",
    "    .quad image_pd - {base} + 0x27",
    "    .zero 8",
    "image_pd:",
    "    .quad image_pt - {base} + 0x27",
    "    .zero 8 * 511",
    // The kernel's image, from 1 MiB on, in the parts that kernel.ld has: what is executed is not written, and the reverse.
    "image_pt:",
    "    .zero 8 * 0x100",
    ".macro pages first, end, bits",
    "    .set page, \\first",
    "    .rept \\end - \\first",
    "    .quad page << 12 + \\bits",
    "    .set page, page + 1",
    "    .endr",
    ".endm",
    "    pages 0x100, 0x118, 0x25",                 // code: present, user, accessed
    "    pages 0x118, 0x12c, {no_execute} + 0x67",  // data: present, writable, user, accessed, dirty
    "    .quad 0",
    "    pages 0x12d, 0x135, {no_execute} + 0x67",  // the kernel's stack
    "    .quad 0",
    "    pages 0x136, 0x144, {no_execute} + 0x67",  // its stack in ring 3
    "    .quad 0",
    "    pages 0x145, 0x200, {no_execute} + 0x67",  // the stack of double faults, and data
    // All memory below 1 GiB: 512 pages of 2 MiB: present, writable, user, accessed, dirty, page size.
    "kernel_pd:",
    "    .set page, 0",
    "    .rept 512",
    "    .quad page + 0xe7",
    "    .set page, page + 0x200000",
    "    .endr",

    ".balign 16",
    "gdt:",
    "    .quad 0",
    "    .quad 0x00af9b000000ffff", // kernel code: present, DPL 0, long
    "    .quad 0x00cf93000000ffff", // kernel data
    "    .quad 0",                  // sysret to 32-bit code, unused
    "    .quad 0x00cff3000000ffff", // user data: DPL 3
    "    .quad 0x00affb000000ffff", // user code: DPL 3, long
    ".globl task_state_descriptor",
    "task_state_descriptor:",
    "    .quad 0, 0",
    "gdt_end:",
    "gdt_pointer_low:",
    "    .word gdt_end - gdt - 1",
    "    .long gdt - {base}",
    "gdt_pointer:",
    "    .word gdt_end - gdt - 1",
    "    .quad gdt",

    // The interrupt stubs lie 16 bytes apart from KERNEL_BASE + 1 MiB on (kernel.ld): gate n points to stub n. Present,
    // 64-bit interrupt gate; DPL 3 for the breakpoint, which programs may raise.
    ".balign 16",
    ".globl idt",
    "idt:",
    "    .set vector, 0",
    "    .rept 32",
    "    .word vector * 16, {kernel_code}",
    "    .if vector == 8", // a double fault gets a stack of its own: the kernel's may be what it is about
    "    .byte 1",
    "    .else",
    "    .byte 0",
    "    .endif",
    "    .if vector == 3",
    "    .byte 0xee",
    "    .else",
    "    .byte 0x8e",
    "    .endif",
    "    .word 0x8010",
    "    .long 0xffffffff, 0",
    "    .set vector, vector + 1",
    "    .endr",
    "idt_end:",
    "idt_pointer:",
    "    .word idt_end - idt - 1",
    "    .quad idt",

    // 64-bit task state segment (SDM volume 3, 8.7): RSP0 at offset 4, IST1 at offset 36; no I/O permission bitmap.
    ".balign 16",
    ".globl task_state",
    "task_state:",
    "    .long 0",
    "    .quad kernel_stack_top",
    "    .zero 24",
    "    .quad double_fault_stack_top",
    "    .zero 58",
    "    .word 104",

    // Each above a page that is not mapped.
    ".section .stacks, \"aw\", @nobits",
    "    .zero 4096 + 8 * 4096",
    ".globl kernel_stack_top",
    "kernel_stack_top:",
    "    .zero 4096 + 14 * 4096",
    ".globl ring_3_stack_top",
    "ring_3_stack_top:",
    "    .zero 4096 + 2 * 4096",
    "double_fault_stack_top:",
    base = const crate::memory::layout::KERNEL_BASE,
    no_execute = const crate::memory::page_table::NO_EXECUTE,
    kernel_code = const KERNEL_CODE,
    kernel_data = const KERNEL_DATA,
    shortcut = const crate::abi::SHORTCUT_NOTE,
    star = const STAR,
    syscall_mask = const SYSCALL_MASK,
    floating_point = const FLOATING_POINT_STATE,
    request = sym crate::boot::request::REQUEST,
    memory = sym crate::memory::MEMORY,
    start = sym crate::boot::start::start,
);

/// Lets a vector lead to another handler of the kernel's.
pub fn set_gate(vector: usize, handler: unsafe extern "C" fn()) {
    let address = handler as *const () as u32;
    // SAFETY: the first two words of a gate hold the lower half of the address, 16 bits each (SDM volume 3, 7.14.1); the
    // upper half is that of all of the kernel's.
    unsafe {
        let gate = &raw mut idt[vector];
        (*gate)[0] = (*gate)[0] & 0xffff_0000 | address & 0xffff;
        (*gate)[1] = (*gate)[1] & 0xffff | address & 0xffff_0000;
    }
}

unsafe extern "C" {
    /// The task state segment.
    pub static task_state: u8;
    /// One past the last byte of the kernel stack.
    pub static kernel_stack_top: u8;
    /// One past the last byte of the stack that the kernel uses in ring 3.
    pub static ring_3_stack_top: u8;
}
