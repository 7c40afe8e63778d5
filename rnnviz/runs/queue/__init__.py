"""Training jobs: worker processes, a fair queue, and limits. No torch and no Streamlit."""

from rnnviz.runs.queue.job import STATES, Job, JobError
from rnnviz.runs.queue.limits import Limits, limits
from rnnviz.runs.queue.manager import JobManager
from rnnviz.runs.record import BUSY as LIVE
from rnnviz.runs.record import RESUMABLE

__all__ = ["LIVE", "RESUMABLE", "STATES", "Job", "JobError", "JobManager", "Limits", "limits"]
