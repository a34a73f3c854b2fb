//! The process as the system sees it, under the names that Prometheus's own clients give
//! (<https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>).

use std::fmt;

use chrono::{DateTime, Utc};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};

/// This process, and when it was started.
#[derive(Debug)]
pub(super) struct Process(pub(super) DateTime<Utc>);

impl Collector for Process {
    /// Where there is no `/proc`, as on macOS, nothing is told.
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(reading) = read() else { return Ok(()) };
        let help = "Processor time, user and system";
        let cpu = encoder.encode_descriptor("process_cpu_seconds", help, None, MetricType::Counter)?;
        ConstCounter::new(reading.cpu_seconds).encode(cpu)?;
        for (name, help, value) in [
            ("process_resident_memory_bytes", "Memory in use", Some(reading.resident_bytes)),
            ("process_open_fds", "Open files", reading.open_files),
            ("process_max_fds", "Files that may be open", reading.max_files),
            (
                "process_start_time_seconds",
                "When it was started, as Unix time",
                Some(self.0.timestamp() as f64),
            ),
        ] {
            if let Some(value) = value {
                let gauge = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
                ConstGauge::new(value).encode(gauge)?;
            }
        }
        Ok(())
    }
}

struct Reading {
    cpu_seconds: f64,
    resident_bytes: f64,
    open_files: Option<f64>,
    max_files: Option<f64>,
}

fn read() -> Option<Reading> {
    let process = procfs::process::Process::myself().ok()?;
    let stat = process.stat().ok()?;
    Some(Reading {
        cpu_seconds: (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64,
        resident_bytes: (stat.rss * procfs::page_size()) as f64,
        open_files: process.fd_count().ok().map(|count| count as f64),
        max_files: rlimit::Resource::NOFILE.get_soft().ok().map(|limit| limit as f64),
    })
}
