"""Training jobs: worker processes, a fair queue, and limits. No torch and no Streamlit."""

from rnnviz.jobs.job import STATES, Job, JobError
from rnnviz.jobs.limits import Limits, limits
from rnnviz.jobs.manager import JobManager
from rnnviz.run_record import BUSY as LIVE
from rnnviz.run_record import RESUMABLE

__all__ = ["LIVE", "RESUMABLE", "STATES", "Job", "JobError", "JobManager", "Limits", "limits"]
