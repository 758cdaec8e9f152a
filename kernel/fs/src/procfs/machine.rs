//! The system-wide texts: processors, memory, time.

use super::ProcFs;
use super::interrupts;
use super::text::Text;
use abi::Result;
use alloc::vec::Vec;
use arch::cpu::CpuId;
use arch::topology::{self, Domain};
use core::fmt::{self, Write};
use raw_cpuid::CpuId as Identification;

const TICK_NS: u64 = 10_000_000;
const SECOND_NS: u64 = 1_000_000_000;

fn cpus() -> impl Iterator<Item = CpuId> {
    arch::cpu::online().iter()
}

/// `/proc/cpuinfo`: a paragraph a processor.
pub fn cpu_info(_: &ProcFs) -> Result<Vec<u8>> {
    let identification = Identification::new();
    let vendor = identification.get_vendor_info();
    let brand = identification.get_processor_brand_string();
    let features = identification.get_feature_info();
    let megahertz = arch::clock::tsc_hz() / 1000;
    Text::build(|text| {
        for cpu in cpus() {
            writeln!(text, "processor\t: {}", cpu.index())?;
            writeln!(text, "vendor_id\t: {}", vendor.as_ref().map_or("unknown", |vendor| vendor.as_str()))?;
            if let Some(features) = &features {
                writeln!(text, "cpu family\t: {}", features.family_id())?;
                writeln!(text, "model\t\t: {}", features.model_id())?;
                writeln!(text, "stepping\t: {}", features.stepping_id())?;
            }
            writeln!(text, "model name\t: {}", brand.as_ref().map_or("unknown", |brand| brand.as_str().trim()))?;
            writeln!(text, "cpu MHz\t\t: {}.{:03}", megahertz / 1000, megahertz % 1000)?;
            place(text, cpu)?;
            writeln!(text, "fpu\t\t: yes\nfpu_exception\t: yes\nwp\t\t: yes")?;
            text.write_str("flags\t\t:")?;
            flags(text, &identification)?;
            writeln!(text, "\nbogomips\t: {}.{:02}", megahertz / 500, megahertz / 5 % 100)?;
            writeln!(text, "clflush size\t: 64\naddress sizes\t: 40 bits physical, 48 bits virtual\n")?;
        }
        Ok(())
    })
}

/// Where a processor is among the others.
fn place(text: &mut Text, cpu: CpuId) -> fmt::Result {
    let (package, core) = topology::package_and_core(cpu);
    let threads = topology::siblings(cpu, Domain::Package).count();
    // All cores are taken to have as many threads as this one.
    let cores = threads / topology::siblings(cpu, Domain::Core).count().max(1);
    let apic_id = topology::apic_id(cpu);
    writeln!(text, "physical id\t: {package}\nsiblings\t: {threads}\ncore id\t\t: {core}\ncpu cores\t: {cores}")?;
    writeln!(text, "apicid\t\t: {apic_id}\ninitial apicid\t: {apic_id}")
}

fn flags(text: &mut Text, identification: &Identification<raw_cpuid::CpuIdReaderNative>) -> fmt::Result {
    let mut show = |name: &str, is_there: bool| if is_there { write!(text, " {name}") } else { Ok(()) };
    if let Some(f) = identification.get_feature_info() {
        show("fpu", f.has_fpu())?;
        show("tsc", f.has_tsc())?;
        show("msr", f.has_msr())?;
        show("pae", f.has_pae())?;
        show("cx8", f.has_cmpxchg8b())?;
        show("apic", f.has_apic())?;
        show("cmov", f.has_cmov())?;
        show("pat", f.has_pat())?;
        show("clflush", f.has_clflush())?;
        show("mmx", f.has_mmx())?;
        show("fxsr", f.has_fxsave_fxstor())?;
        show("sse", f.has_sse())?;
        show("sse2", f.has_sse2())?;
        show("pni", f.has_sse3())?;
        show("pclmulqdq", f.has_pclmulqdq())?;
        show("ssse3", f.has_ssse3())?;
        show("fma", f.has_fma())?;
        show("cx16", f.has_cmpxchg16b())?;
        show("sse4_1", f.has_sse41())?;
        show("sse4_2", f.has_sse42())?;
        show("x2apic", f.has_x2apic())?;
        show("movbe", f.has_movbe())?;
        show("popcnt", f.has_popcnt())?;
        show("aes", f.has_aesni())?;
        show("xsave", f.has_xsave())?;
        show("avx", f.has_avx())?;
        show("f16c", f.has_f16c())?;
        show("rdrand", f.has_rdrand())?;
        show("hypervisor", f.has_hypervisor())?;
    }
    if let Some(f) = identification.get_extended_feature_info() {
        show("fsgsbase", f.has_fsgsbase())?;
        show("bmi1", f.has_bmi1())?;
        show("avx2", f.has_avx2())?;
        show("smep", f.has_smep())?;
        show("bmi2", f.has_bmi2())?;
        show("erms", f.has_rep_movsb_stosb())?;
        show("rdseed", f.has_rdseed())?;
        show("adx", f.has_adx())?;
        show("smap", f.has_smap())?;
        show("sha_ni", f.has_sha())?;
    }
    if let Some(f) = identification.get_extended_processor_and_feature_identifiers() {
        show("syscall", f.has_syscall_sysret())?;
        show("nx", f.has_execute_disable())?;
        show("pdpe1gb", f.has_1gib_pages())?;
        show("rdtscp", f.has_rdtscp())?;
        show("lm", f.has_64bit_mode())?;
        show("lahf_lm", f.has_lahf_sahf())?;
    }
    Ok(())
}

/// `/proc/meminfo`. There is no page cache beside the files themselves, so what is free is what is available.
pub fn memory_info(_: &ProcFs) -> Result<Vec<u8>> {
    let stats = mm::frame::stats();
    let heap = mm::heap::stats();
    let kib = |frames: usize| frames * (arch::PAGE_SIZE / 1024);
    let (total, free) = (kib(stats.total), kib(stats.free));
    let slab = kib(heap.slab_frames + heap.page_frames);
    // What waits for the next who needs it: free blocks of slabs, stacks of no thread.
    let spare = heap.slab_rest() / 1024;
    let stacks = kib(mm::stack::reserve_frames());
    let (_, threads) = sched::stats::threads();
    Text::build(|text| {
        let rows = [
            ("MemTotal", total),
            ("MemFree", free),
            ("MemAvailable", free),
            ("Buffers", 0),
            ("Cached", 0),
            ("SwapCached", 0),
            ("Active", total - free),
            ("Inactive", 0),
            ("SwapTotal", 0),
            ("SwapFree", 0),
            ("Dirty", 0),
            ("Writeback", 0),
            ("AnonPages", 0),
            ("Mapped", 0),
            ("Shmem", 0),
            ("Slab", slab),
            ("SReclaimable", spare),
            ("SUnreclaim", slab - spare),
            ("KReclaimable", spare + stacks),
            ("KernelStack", threads as usize * mm::stack::STACK_SIZE / 1024),
            ("PageTables", 0),
            ("CommitLimit", total),
            ("Committed_AS", total - free),
            ("HugePages_Total", 0),
        ];
        rows.iter().try_for_each(|(name, kib)| match *name {
            "HugePages_Total" => writeln!(text, "{:<15} {kib:8}", "HugePages_Total:"),
            _ => {
                write!(text, "{name}:")?;
                writeln!(text, "{kib:>width$} kB", width = 23 - name.len())
            }
        })
    })
}

/// `/proc/slabinfo`: a line for each size of the heap's blocks, and one for what lies in frames of its own.
pub fn slab_info(_: &ProcFs) -> Result<Vec<u8>> {
    let large = mm::heap::stats().page_frames;
    let large = mm::heap::Class { size: arch::PAGE_SIZE, blocks: large, frames: large };
    Text::build(|text| {
        writeln!(text, "slabinfo - version: 2.1")?;
        write!(text, "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>")?;
        write!(text, " : tunables <limit> <batchcount> <sharedfactor>")?;
        writeln!(text, " : slabdata <active_slabs> <num_slabs> <sharedavail>")?;
        for class in mm::heap::classes() {
            slab_line(text, format_args!("kmalloc-{}", class.size), class)?;
        }
        slab_line(text, format_args!("kmalloc-pages"), large)
    })
}

fn slab_line(text: &mut Text, name: fmt::Arguments<'_>, class: mm::heap::Class) -> fmt::Result {
    let mm::heap::Class { size, blocks, frames } = class;
    let in_slab = arch::PAGE_SIZE / size;
    write!(text, "{name} {blocks:6} {:6} {size:6} {in_slab:4} 1", frames * in_slab)?;
    writeln!(text, " : tunables 0 0 0 : slabdata {frames:6} {frames:6} 0")
}

/// `/proc/vmstat`: nothing is ever read from or written to a disk.
pub fn vm_stat(_: &ProcFs) -> Result<Vec<u8>> {
    let free = mm::frame::stats().free;
    Text::build(|text| {
        writeln!(text, "nr_free_pages {free}\nnr_dirty 0\nnr_writeback 0\npgpgin 0\npgpgout 0\npswpin 0\npswpout 0")
    })
}

/// `/proc/stat`.
pub fn stat(proc: &ProcFs) -> Result<Vec<u8>> {
    Text::build(|text| {
        let mut total = [0u64; 5];
        let mut switches = 0;
        for cpu in cpus() {
            let stats = sched::stats::cpu(cpu);
            let times = times(&stats);
            total.iter_mut().zip(times).for_each(|(sum, time)| *sum += time);
            switches += stats.switches;
        }
        cpu_line(text, "cpu ", total)?;
        for cpu in cpus() {
            write!(text, "cpu{}", cpu.index())?;
            cpu_line(text, "", times(&sched::stats::cpu(cpu)))?;
        }
        let (runnable, _) = sched::stats::threads();
        let interrupts = interrupts::total(proc);
        writeln!(
            text,
            "intr {interrupts}\nctxt {switches}\nbtime {}",
            arch::clock::wall_clock_at_boot_ns() / SECOND_NS
        )?;
        writeln!(text, "processes {}\nprocs_running {runnable}\nprocs_blocked 0", proc.source().last_pid())?;
        writeln!(text, "softirq 0 0 0 0 0 0 0 0 0 0 0")
    })
}

/// In the order of the line: user, nice, system, idle, interrupts.
fn times(stats: &sched::stats::CpuStats) -> [u64; 5] {
    [stats.user_ns, stats.nice_ns, stats.system_ns, stats.idle_ns, stats.interrupt_ns]
}

/// Nobody waits for devices as a CPU's idleness, and there are no soft interrupts: these two are 0.
fn cpu_line(text: &mut Text, name: &str, times: [u64; 5]) -> fmt::Result {
    let [user, nice, system, idle, interrupts] = times.map(|time| time / TICK_NS);
    writeln!(text, "{name} {user} {nice} {system} {idle} 0 {interrupts} 0 0 0 0")
}

/// `/proc/loadavg`.
pub fn load_average(proc: &ProcFs) -> Result<Vec<u8>> {
    let (runnable, threads) = sched::stats::threads();
    Text::build(|text| {
        for load in sched::stats::load_average() {
            let hundredths = (load * 100 + 1024) / 2048;
            write!(text, "{}.{:02} ", hundredths / 100, hundredths % 100)?;
        }
        writeln!(text, "{runnable}/{threads} {}", proc.source().last_pid())
    })
}

/// `/proc/uptime`: since boot, and idle over all processors.
pub fn uptime(_: &ProcFs) -> Result<Vec<u8>> {
    let idle: u64 = cpus().map(|cpu| sched::stats::cpu(cpu).idle_ns).sum();
    let show = |ns: u64| (ns / SECOND_NS, ns % SECOND_NS / TICK_NS);
    let ((up, up_part), (idle, idle_part)) = (show(arch::clock::now_ns()), show(idle));
    Text::build(|text| writeln!(text, "{up}.{up_part:02} {idle}.{idle_part:02}"))
}
