"""Training jobs: worker processes, a fair queue, and limits. No torch and no Streamlit."""
