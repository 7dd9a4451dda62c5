# Not tested: no container could be built where this was written.
FROM python:3.11-slim
WORKDIR /opt/clusterbench
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY clusterbench clusterbench
COPY algorithms algorithms
COPY benchmarks benchmarks
RUN pip install --no-cache-dir -c constraints.txt ".[dashboard,excel,serve]"
RUN useradd --create-home analyst
USER analyst
WORKDIR /home/analyst
ENTRYPOINT ["clusterbench"]
